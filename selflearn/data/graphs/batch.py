"""A batch of graphs, packed: the nodes of all of them one below the other, and whose they are. Rows of `values` are nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from selflearn.data.batch import Batch


def _none() -> Tensor:
    return torch.zeros((2, 0), dtype=torch.int64)


@dataclass
class GraphBatch(Batch):
    """Graphs, or nodes with the graph around them.

    Attributes
    ----------
    values : (nodes, features).
    pairs : (2, edges) int64, the nodes that an edge joins; each edge stands once and counts both ways. No node joins itself.
    weights : (edges,) float, or None where all edges count alike.
    owner : (nodes,) int64, ascending: of which sample a node is (graph level); None at node level, where nodes are one graph that
        the samples share.
    seeds : (batch,) int64, at node level the row of `values` that is the sample itself; None at graph level.
    changes : what a view did; rows of it may be samples, nodes or edges of the batch before the change.
    """

    pairs: Tensor = field(default_factory=_none)
    weights: Tensor | None = None
    owner: Tensor | None = None
    seeds: Tensor | None = None

    @property
    def nodes(self) -> int:
        """How many nodes there are in all."""
        return len(self.values)

    @property
    def edges(self) -> Tensor:
        """(2, 2 x edges) int64, every edge in both directions."""
        return torch.cat([self.pairs, self.pairs.flip(0)], dim=1)

    @property
    def edge_weights(self) -> Tensor | None:
        """(2 x edges,) the weights of `edges`."""
        return None if self.weights is None else self.weights.repeat(2)

    @property
    def sizes(self) -> Tensor:
        """(rows,) int64, nodes of each row of tokens: of each graph, or of the one graph that all samples share."""
        if self.owner is None:
            return torch.tensor([self.nodes], device=self.device)
        return torch.bincount(self.owner, minlength=len(self))

    def places(self) -> tuple[Tensor, Tensor]:
        """The row and the column of each node in a padded array of (rows, most nodes of a row)."""
        order = torch.arange(self.nodes, device=self.device)
        if self.owner is None:
            return torch.zeros_like(order), order
        sizes = self.sizes
        return self.owner, order - (sizes.cumsum(0) - sizes)[self.owner]

    def real(self) -> Tensor:
        """(rows, most nodes) bool, True where a node is."""
        sizes = self.sizes
        longest = self.nodes if self.owner is None else int(sizes.max()) if len(sizes) else 0
        return torch.arange(longest, device=self.device) < sizes[:, None]

    def pad(self, vectors: Tensor) -> Tensor:
        """(nodes, dim) to (rows, most nodes of a row, dim), zeros behind shorter ones."""
        if self.owner is None:
            return vectors[None]
        real = self.real()
        padded = vectors.new_zeros((*real.shape, vectors.shape[1]))
        padded[self.places()] = vectors
        return padded

    def unpad(self, padded: Tensor) -> Tensor:
        """The inverse of `pad`; also takes (rows, most nodes) without a last axis."""
        return padded[0] if self.owner is None else padded[self.places()]

    def keep(self, nodes: Tensor, edges: Tensor | None = None) -> GraphBatch:
        """The same samples with some of their nodes and edges; an edge goes with either of its nodes.

        Parameters
        ----------
        nodes : (nodes,) bool. Seeds must be among them.
        edges : (edges,) bool, or None for all.
        """
        place = nodes.cumsum(0) - 1
        kept = nodes[self.pairs].all(dim=0)
        kept = kept if edges is None else kept & edges
        return self.replace(
            values=self.values[nodes],
            pairs=place[self.pairs[:, kept]],
            weights=None if self.weights is None else self.weights[kept],
            owner=None if self.owner is None else self.owner[nodes],
            seeds=None if self.seeds is None else place[self.seeds],
            questions={},
        )

    def select(self, rows: Tensor) -> GraphBatch:
        """The samples at `rows`: their graphs; at node level the whole graph stays around the nodes that are asked for."""
        rows = rows.nonzero().flatten() if rows.dtype == torch.bool else rows
        groups = None if self.groups is None else self.groups[rows]
        chosen = dataclasses.replace(
            self, changes={}, questions={}, index=self.index[rows], labels=self.labels[rows], groups=groups
        )
        if self.owner is None:
            chosen.seeds = None if self.seeds is None else self.seeds[rows]
            return chosen
        sizes = self.sizes
        starts = sizes.cumsum(0) - sizes
        taken, nodes = spans(starts[rows], sizes[rows])
        place = torch.full((self.nodes,), -1, dtype=torch.int64, device=self.device)
        if len(torch.unique(rows)) == len(rows):
            place[nodes] = torch.arange(len(nodes), device=self.device)
            kept = (place[self.pairs] >= 0).all(dim=0)
            chosen.pairs, chosen.weights = place[self.pairs[:, kept]], None if self.weights is None else self.weights[kept]
            chosen.values, chosen.owner = self.values[nodes], taken
            return chosen
        return type(self).join([self.select(rows[number : number + 1]) for number in range(len(rows))])

    def fits(self, other: Batch) -> bool:
        """Whether `join` can put the two together: graphs of any size do, with equally many features."""
        return (
            isinstance(other, GraphBatch)
            and self.scope == other.scope
            and self.values.shape[1:] == other.values.shape[1:]
            and (self.owner is None) == (other.owner is None)
            and (self.weights is None) == (other.weights is None)
        )

    @classmethod
    def join(cls, batches: Sequence[GraphBatch]) -> GraphBatch:
        """All samples, one batch after the other, with no edge between them; `changes` and `questions` are not kept."""
        if len(batches) == 1:
            return batches[0]
        first = batches[0]
        nodes = _before([each.nodes for each in batches])
        samples = _before([len(each) for each in batches])

        def together(name: str, shifts: list[int] | None = None) -> Any:
            parts = [getattr(each, name) for each in batches]
            if any(part is None for part in parts):
                return None
            moved = parts if shifts is None else [part + shift for part, shift in zip(parts, shifts, strict=True)]
            return torch.cat(moved, dim=1 if name == "pairs" else 0)

        fields = {name: together(name) for name in ("values", "index", "labels", "groups", "weights")}
        fields |= {"pairs": together("pairs", nodes), "owner": together("owner", samples), "seeds": together("seeds", nodes)}
        return dataclasses.replace(first, **fields, changes={}, questions={})


def spans(starts: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Whole stretches one after the other: for each position, which stretch it is of, and where in the source it stands."""
    which = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)
    inside = torch.arange(len(which), device=sizes.device) - (sizes.cumsum(0) - sizes)[which]
    return which, starts[which] + inside


def _before(counts: list[int]) -> list[int]:
    """How many come before each."""
    return [sum(counts[:number]) for number in range(len(counts))]
