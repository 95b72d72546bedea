"""Encoders of graphs by name, small enough for a CPU by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.graphs.spec import GraphSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.graph_encoder import GraphEncoder, Pool
from selflearn.networks.graph_layers import Norm

Width = Annotated[int, Field(ge=2, le=8192)]
Depth = Annotated[int, Field(ge=1, le=32)]
Part = Annotated[float, Field(ge=0, lt=1)]


def gcn(
    spec: GraphSpec,
    *,
    width: Width = 512,
    depth: Depth = 2,
    dropout: Part = 0.0,
    norm: Norm = "none",
    pool: Pool = "mean",
    jump: Literal["last", "all"] = "last",
    activated: bool = False,
) -> Encoder:
    """Graph convolutions: neighbours are averaged, weighted by their degrees.

    Parameters
    ----------
    spec : of the graphs.
    width, depth : of each layer, and how many; a node is seen with what lies within so many steps of it.
    dropout : of what goes into each layer.
    norm : after each layer: "batch", "layer" or "none".
    pool : of a graph's nodes: "mean", "sum" or "max".
    jump : "last", or "all" layers side by side.
    activated : whether norm and activation follow the last layer too.
    """
    return GraphEncoder(spec, "gcn", width, depth, 1, dropout, 0.0, norm, pool, jump, activated)


def gat(
    spec: GraphSpec,
    *,
    width: Width = 256,
    depth: Depth = 2,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    dropout: Part = 0.2,
    attention_dropout: Part = 0.1,
    norm: Norm = "none",
    pool: Pool = "mean",
    jump: Literal["last", "all"] = "last",
    activated: bool = True,
) -> Encoder:
    """Graph attention: neighbours are weighted by what they are.

    Parameters
    ----------
    spec, width, depth, dropout, norm, pool, jump, activated : as in `gcn`.
    heads : of attention; they share the width.
    attention_dropout : of the weights.
    """
    return GraphEncoder(spec, "gat", width, depth, heads, dropout, attention_dropout, norm, pool, jump, activated)


def gin(
    spec: GraphSpec,
    *,
    width: Width = 64,
    depth: Depth = 4,
    dropout: Part = 0.0,
    norm: Norm = "batch",
    pool: Pool = "sum",
    jump: Literal["last", "all"] = "all",
    activated: bool = True,
) -> Encoder:
    """Graph isomorphism networks: neighbours are counted, which tells graphs apart as well as the Weisfeiler-Lehman test.

    Parameters
    ----------
    spec, width, depth, dropout, norm, pool, jump, activated : as in `gcn`.
    """
    return GraphEncoder(spec, "gin", width, depth, 1, dropout, 0.0, norm, pool, jump, activated)


def sage(
    spec: GraphSpec,
    *,
    width: Width = 256,
    depth: Depth = 2,
    dropout: Part = 0.0,
    norm: Norm = "batch",
    pool: Pool = "mean",
    jump: Literal["last", "all"] = "last",
    activated: bool = True,
) -> Encoder:
    """GraphSAGE: a node beside the mean of its neighbours.

    Parameters
    ----------
    spec, width, depth, dropout, norm, pool, jump, activated : as in `gcn`.
    """
    return GraphEncoder(spec, "sage", width, depth, 1, dropout, 0.0, norm, pool, jump, activated)


ENCODERS: dict[str, Callable[..., Encoder]] = {"gcn": gcn, "gat": gat, "gin": gin, "sage": sage}


def default(spec: GraphSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """Of nodes averages of neighbours, or attention where they are tokens to restore; of graphs counts, or averages where every
    layer is asked for.
    """
    if spec.level == "node":
        return "gat" if "tokens" in needs and "layers" not in needs else "gcn"
    return "gcn" if "layers" in needs else "gin"
