"""Data sets of graphs in memory: nodes of one graph, or whole graphs."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from selflearn.data.dataset import Dataset, Facts
from selflearn.data.graphs.batch import GraphBatch, spans
from selflearn.data.graphs.neighbourhoods import Neighbourhoods
from selflearn.data.graphs.picture import colours_of, drawing
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.statistics import described, standardised

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 40
"""Nodes of a drawing around one node."""
_RAW_ROWS = 1024


class _Packed(Dataset):
    """What both levels share: features of all nodes, edges between them."""

    side: ClassVar[int] = 96
    spec: GraphSpec

    def __init__(self, spec: GraphSpec, facts: Facts, values: np.ndarray, pairs: np.ndarray, offsets: np.ndarray) -> None:
        self.spec, self.facts, self.pairs, self.offsets = spec, facts, pairs, offsets
        self.values = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
        digest = hashlib.blake2b(f"{values.shape} {spec.model_dump_json()}".encode(), digest_size=16)
        for part in (self.values.numpy(), pairs, offsets, facts.labels):
            digest.update(np.ascontiguousarray(part).tobytes())
        self.fingerprint = digest.hexdigest()

    def _known(self, rows: np.ndarray) -> dict[str, Tensor | None]:
        groups = self.facts.groups
        return {
            "index": torch.from_numpy(rows.copy()),
            "labels": torch.from_numpy(self.facts.labels[rows]),
            "groups": None if groups is None else torch.from_numpy(groups[rows]),
        }

    def _described(self, batch: GraphBatch) -> np.ndarray:
        unit = batch.replace(values=standardised(self.spec, batch.values))
        return described(self.spec, unit).numpy()

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32: see `raw_is`."""
        rows = np.asarray(indices, dtype=np.int64)
        parts = [self._described(self.batch(rows[start : start + _RAW_ROWS])) for start in range(0, len(rows), _RAW_ROWS)]
        return np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)

    @abstractmethod
    def batch(self, indices: Sequence[int] | np.ndarray) -> GraphBatch:
        """Packed: the graph around the nodes, or the graphs."""


class Nodes(_Packed):
    """The nodes of one graph as samples; a batch brings the graph around them, or all of it."""

    raw_is: ClassVar[str] = "the features of a node averaged twice over its neighbours"

    def __init__(self, spec: GraphSpec, facts: Facts, values: np.ndarray, pairs: np.ndarray) -> None:
        super().__init__(spec, facts, values, pairs, np.array([0, len(values)]))
        self.shared = not spec.fanout
        reach = spec.fanout or SHOWN
        self.neighbourhoods = Neighbourhoods(pairs, len(values), spec.hops, reach)
        self._pairs = torch.from_numpy(pairs)

    def batch(self, indices: Sequence[int] | np.ndarray) -> GraphBatch:
        """The nodes at these positions as seeds: in the whole graph, or in what lies within `spec.hops` of them."""
        rows = np.asarray(indices, dtype=np.int64)
        if not self.spec.fanout:
            return GraphBatch(self.values, **self._known(rows), pairs=self._pairs, seeds=torch.from_numpy(rows.copy()))  # type: ignore[arg-type]
        nodes, pairs = self.neighbourhoods.around(rows)
        seeds = torch.from_numpy(np.searchsorted(nodes, rows))
        return GraphBatch(
            self.values[torch.from_numpy(nodes)], **self._known(rows), pairs=torch.from_numpy(pairs), seeds=seeds  # type: ignore[arg-type]
        )  # fmt: skip

    def all_alike(self) -> bool:
        """Whether all nodes have the same features and equally many neighbours."""
        degree = np.bincount(self.pairs.ravel(), minlength=len(self))
        return bool((self.values == self.values[:1]).all()) and bool((degree == degree[0]).all())

    def picture(self, index: int, size: int = 64) -> Image:
        """The node, ringed, and what lies around it; nodes are coloured by their class where it is known."""
        nodes, pairs, place = self._around(index)
        labels = self.facts.labels[nodes]
        colour = labels if (labels >= 0).any() else colours_of(self.values[torch.from_numpy(nodes)].numpy())
        return drawing(len(nodes), pairs, size, colour, place)

    def words(self, index: int) -> str:
        """How many neighbours it has, and of which classes."""
        ends = self.pairs[:, (self.pairs == index).any(axis=0)]
        beside = ends[ends != index]
        said = f"node {self.facts.ids[index]}: {len(beside):,} neighbours"
        labels = self.facts.labels[beside]
        classes, counts = np.unique(labels[labels >= 0], return_counts=True)
        if len(classes):
            order = np.argsort(-counts)[:3]
            said += " (" + ", ".join(f"{counts[each]} of class {self.facts.classes[classes[each]]}" for each in order) + ")"
        return said[:200]

    def _around(self, index: int) -> tuple[np.ndarray, np.ndarray, int]:
        """At most about `SHOWN` nodes nearest to one, and every edge between them."""
        nodes, followed = np.array([index]), np.empty((2, 0), dtype=np.int64)
        for hops in (1, 2):
            wider, edges = self.neighbourhoods.around(np.array([index]), hops)
            if hops > 1 and len(wider) > SHOWN:
                break
            nodes, followed = wider, edges
        return nodes, followed, int(np.searchsorted(nodes, index))


class Graphs(_Packed):
    """Whole graphs as samples."""

    raw_is: ClassVar[str] = "statistics of nodes and degrees, and counts of patterns of neighbourhoods"

    def __init__(self, spec: GraphSpec, facts: Facts, values: np.ndarray, pairs: np.ndarray, offsets: np.ndarray) -> None:
        graph = np.searchsorted(offsets, pairs[0], side="right") - 1
        order = np.argsort(graph, kind="stable")
        super().__init__(spec, facts, values, pairs[:, order], offsets)
        self.starts = np.searchsorted(graph[order], np.arange(len(offsets)))
        self._sizes, self._edges = torch.from_numpy(np.diff(offsets)), torch.from_numpy(np.diff(self.starts))
        self._pairs = torch.from_numpy(np.ascontiguousarray(self.pairs))

    def batch(self, indices: Sequence[int] | np.ndarray) -> GraphBatch:
        """The graphs at these positions, one after the other."""
        rows = np.asarray(indices, dtype=np.int64)
        place = torch.from_numpy(rows.copy())
        first = torch.from_numpy(self.offsets[:-1])[place]
        owner, nodes = spans(first, self._sizes[place])
        of, edges = spans(torch.from_numpy(self.starts[:-1])[place], self._edges[place])
        sizes = self._sizes[place]
        shift = sizes.cumsum(0) - sizes - first
        return GraphBatch(
            self.values[nodes], **self._known(rows), pairs=self._pairs[:, edges] + shift[of], owner=owner  # type: ignore[arg-type]
        )  # fmt: skip

    def all_alike(self) -> bool:
        """Whether all graphs have as many nodes and edges, and the same features and patterns."""
        if len(np.unique(np.diff(self.offsets))) > 1 or len(np.unique(np.diff(self.starts))) > 1:
            return False
        vectors = self.raw(np.arange(len(self)))
        return bool(np.allclose(vectors, vectors[:1], atol=1e-5))

    def picture(self, index: int, size: int = 64) -> Image:
        """The graph; its nodes are coloured by their kind."""
        whole = self.batch([index])
        return drawing(whole.nodes, whole.pairs.numpy(), size, colours_of(whole.values.numpy()))

    def words(self, index: int) -> str:
        """How many nodes and edges it has, and its commonest kinds of nodes."""
        nodes = int(self.offsets[index + 1] - self.offsets[index])
        said = f"{nodes:,} nodes, {int(self._edges[index]):,} edges"
        if self.spec.tags:
            values = self.values[self.offsets[index] : self.offsets[index + 1], -len(self.spec.tags) :].sum(0).numpy()
            order = [each for each in np.argsort(-values)[:4] if values[each] > 0]
            said += ": " + ", ".join(f"{int(values[each])} of kind {self.spec.tags[each]}" for each in order)
        return said[:200]
