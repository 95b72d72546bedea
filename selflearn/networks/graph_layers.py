"""Layers that pass messages along edges, those of PyTorch Geometric, under one call: ``layer(nodes, edges, weights)``."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from selflearn.errors import MissingExtraError

Body = Literal["gcn", "gat", "gin", "sage"]
Norm = Literal["batch", "layer", "none"]


class Messages(nn.Module):
    """One layer of a graph network.

    Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks", 2017 (gcn); Velickovic et al., "Graph
    Attention Networks", 2018 (gat); Xu et al., "How Powerful are Graph Neural Networks?", 2019 (gin); Hamilton et al., "Inductive
    Representation Learning on Large Graphs", 2017 (sage).

    Parameters
    ----------
    body : which of them.
    inputs, outputs : widths; equal where `mapped` is False.
    heads : of attention, gat alone; divides `outputs`.
    attention_dropout : of gat's attention.
    mapped : False leaves out the layer's own linear map (gcn and gat), where the caller has applied it or will.

    Attributes
    ----------
    by_target : whether what a node gets depends on the edges that lead to it alone; gcn also weighs by its neighbours' own edges.
    """

    def __init__(
        self, body: Body, inputs: int, outputs: int, heads: int = 1, attention_dropout: float = 0.0, mapped: bool = True
    ) -> None:
        super().__init__()
        self.body, self.by_target = body, body != "gcn"
        self.layer = _make(body, inputs, outputs, heads, attention_dropout)
        if not mapped and body in {"gcn", "gat"}:
            self.layer.lin = nn.Identity()

    def forward(self, nodes: Tensor, edges: Tensor, weights: Tensor | None = None) -> Tensor:
        """(nodes, inputs) and (2, edges) to (nodes, outputs); weights of edges are gcn's alone."""
        found: Tensor = self.layer(nodes, edges, weights) if self.body == "gcn" else self.layer(nodes, edges)
        return found


def _make(body: Body, inputs: int, outputs: int, heads: int, attention_dropout: float) -> Any:
    try:
        from torch_geometric.nn import conv
    except ImportError as error:
        raise MissingExtraError("torch-geometric", "graph", "encode graphs") from error
    if body == "gcn":
        return conv.GCNConv(inputs, outputs)
    if body == "gat":
        return conv.GATConv(inputs, outputs // heads, heads=heads, dropout=attention_dropout)
    if body == "sage":
        return conv.SAGEConv(inputs, outputs)
    inner = nn.Sequential(
        nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Linear(outputs, outputs)
    )  # fmt: skip
    return conv.GINConv(inner)


def norm_of(name: Norm, width: int) -> nn.Module:
    """The norm of this name over nodes of `width` numbers."""
    if name == "batch":
        return nn.BatchNorm1d(width)
    return nn.LayerNorm(width) if name == "layer" else nn.Identity()


class NodeEmbedding(nn.Module):
    """Features of nodes to `width`, a linear map; of bags of words only the words that are there are multiplied.

    Parameters
    ----------
    features, width : numbers of a node, before and after.
    sparse : whether most features are 0.
    """

    def __init__(self, features: int, width: int, sparse: bool) -> None:
        super().__init__()
        self.sparse = sparse
        self.weight = nn.Parameter(torch.empty(features, width))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, values: Tensor, dropout: float = 0.0) -> Tensor:
        """(nodes, features) to (nodes, width); `dropout` of the features that are not 0, while training."""
        if not self.sparse:
            return nn.functional.dropout(values, dropout, self.training) @ self.weight
        rows, columns = values.nonzero(as_tuple=True)
        there = nn.functional.dropout(values[rows, columns], dropout, self.training)
        starts = torch.searchsorted(rows, torch.arange(len(values), device=values.device))
        return nn.functional.embedding_bag(columns, self.weight, starts, mode="sum", per_sample_weights=there)
