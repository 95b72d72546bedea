"""Encoders of tables by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.tables.spec import TableSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.table_mlp import TableEncoder
from selflearn.networks.table_transformer import TableTransformer


def table_mlp(
    spec: TableSpec, *, width: Annotated[int, Field(ge=1, le=8192)] = 256, depth: Annotated[int, Field(ge=0, le=64)] = 2
) -> Encoder:
    """A residual multi-layer perceptron.

    Parameters
    ----------
    spec : a table spec.
    width : length of the embedding and of every layer.
    depth : residual blocks after the first layer.
    """
    return TableEncoder(spec, width, depth)


def ft_transformer(
    spec: TableSpec,
    *,
    width: Annotated[int, Field(ge=2, le=4096)] = 64,
    depth: Annotated[int, Field(ge=1, le=64)] = 2,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    pool: Literal["mean", "class"] = "mean",
    extra: Annotated[int, Field(ge=0, le=64)] = 1,
) -> Encoder:
    """A transformer over columns.

    Parameters
    ----------
    spec : a table spec.
    width, depth, heads : length of a token, number of blocks, attention heads; the published default is 192, 3, 8.
    pool : what a row's embedding is: the "mean" of its tokens or the "class" token.
    extra : tokens that stand for no column: class and regularisation tokens.
    """
    return TableTransformer(spec, width, depth, heads, pool, extra)


ENCODERS: dict[str, Callable[..., Encoder]] = {"mlp": table_mlp, "ft-transformer": ft_transformer}


def default(spec: TableSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """The perceptron, on any machine; the transformer for methods that need tokens."""
    return "ft-transformer" if needs else "mlp"
