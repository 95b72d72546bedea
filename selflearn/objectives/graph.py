"""A positive is an edge: the similarity graph that every comparing objective takes.

Augmentation, label, neighbour, time, device and modality are different ways to draw its edges. Edges are drawn when they are looked
at, some rows at a time where there are many: those of 8,192 samples among themselves would take more room than the samples.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Draw = Callable[[slice], tuple[Tensor, Tensor]]


class SimilarityGraph:
    """Directed, weighted edges from rows (queries) to columns (keys).

    Parameters
    ----------
    weights : (rows, columns) float, >= 0; above zero where the column is a positive of the row.
    ignored : (rows, columns) bool; True where the pair is neither positive nor negative (a sample and itself).

    Attributes
    ----------
    shape : (rows, columns).
    """

    def __init__(self, weights: Tensor, ignored: Tensor) -> None:
        self.shape: tuple[int, int] = (weights.shape[0], weights.shape[1])
        self._draw: Draw = lambda rows: (weights[rows], ignored[rows])

    @classmethod
    def drawn(cls, shape: tuple[int, int], draw: Draw) -> SimilarityGraph:
        """A graph whose `weights` and `ignored` of some rows are what `draw` says."""
        graph = cls.__new__(cls)
        graph.shape, graph._draw = shape, draw
        return graph

    @property
    def weights(self) -> Tensor:
        """Of all rows."""
        return self._draw(slice(None))[0]

    @property
    def ignored(self) -> Tensor:
        """Of all rows."""
        return self._draw(slice(None))[1]

    def rows(self, rows: slice) -> SimilarityGraph:
        """The part of some rows."""
        return SimilarityGraph(*self._draw(rows))

    @classmethod
    def augmentation(cls, samples: int, views: int = 2, device: torch.device | str = "cpu") -> SimilarityGraph:
        """Views of one sample are positives of each other; rows are ordered view by view: (views * samples) square."""
        return cls.of_labels(torch.arange(samples, device=device).repeat(views))

    @classmethod
    def of_labels(cls, labels: Tensor) -> SimilarityGraph:
        """Rows of equal label are positives; a label of -1 equals no other, and a row ignores itself."""
        place = torch.arange(len(labels), device=labels.device)

        def draw(rows: slice) -> tuple[Tensor, Tensor]:
            same = (labels[rows, None] == labels[None, :]) & (labels[rows, None] >= 0)
            itself = place[rows, None] == place[None, :]
            return (same & ~itself).float(), itself

        return cls.drawn((len(labels), len(labels)), draw)

    @classmethod
    def own_key(cls, keys: Tensor, count: int) -> SimilarityGraph:
        """Each row has one positive, the column `keys[row]` of `count`; all others are negatives."""

        def draw(rows: slice) -> tuple[Tensor, Tensor]:
            weights = torch.nn.functional.one_hot(keys[rows], count)
            return weights.float(), torch.zeros_like(weights, dtype=torch.bool)

        return cls.drawn((len(keys), count), draw)

    @classmethod
    def across(cls, rows: Tensor, columns: Tensor) -> SimilarityGraph:
        """Rows and columns of equal label are positives; -1 equals no other. No column is a row itself, so nothing is ignored."""

        def draw(part: slice) -> tuple[Tensor, Tensor]:
            same = (rows[part, None] == columns[None, :]) & (rows[part, None] >= 0)
            return same.float(), torch.zeros_like(same)

        return cls.drawn((len(rows), len(columns)), draw)

    def beside(self, columns: int) -> SimilarityGraph:
        """With so many more columns at the end (those of a queue, say), which are negatives of every row."""

        def draw(rows: slice) -> tuple[Tensor, Tensor]:
            weights, ignored = self._draw(rows)
            return F.pad(weights, (0, columns)), F.pad(ignored, (0, columns))

        return SimilarityGraph.drawn((self.shape[0], self.shape[1] + columns), draw) if columns else self

    def union(self, other: SimilarityGraph) -> SimilarityGraph:
        """Edges of either graph (the larger weight); a pair is ignored only where both ignore it."""

        def draw(rows: slice) -> tuple[Tensor, Tensor]:
            (mine, ignored), (theirs, too) = self._draw(rows), other._draw(rows)
            return torch.maximum(mine, theirs), ignored & too

        return SimilarityGraph.drawn(self.shape, draw)

    def apart(self, part: Tensor) -> SimilarityGraph:
        """The same edges, of which those count that join two parts; within a part a pair is neither positive nor negative.

        Parameters
        ----------
        part : (rows,) the number of each row's part (its view, say), and of the column at the same place.
        """

        def draw(rows: slice) -> tuple[Tensor, Tensor]:
            return self._draw(rows)[0], part[rows, None] == part[None, :]

        return SimilarityGraph.drawn(self.shape, draw)
