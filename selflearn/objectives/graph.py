"""A positive is an edge: the similarity graph that every comparing objective takes.

Augmentation, label, neighbour, time, device and modality are different ways to draw its edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SimilarityGraph:
    """Directed, weighted edges from rows (queries) to columns (keys).

    Attributes
    ----------
    weights : (rows, columns) float, >= 0; above zero where the column is a positive of the row.
    ignored : (rows, columns) bool; True where the pair is neither positive nor negative (a sample and itself).
    """

    weights: Tensor
    ignored: Tensor

    @classmethod
    def augmentation(cls, samples: int, views: int = 2, device: torch.device | str = "cpu") -> SimilarityGraph:
        """Views of one sample are positives of each other; rows are ordered view by view: (views * samples) square."""
        return cls.of_labels(torch.arange(samples, device=device).repeat(views))

    @classmethod
    def of_labels(cls, labels: Tensor) -> SimilarityGraph:
        """Rows of equal label are positives; a label of -1 equals no other, and a row ignores itself."""
        known = labels >= 0
        same = (labels[:, None] == labels[None, :]) & known[:, None] & known[None, :]
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        return cls((same & ~itself).float(), itself)

    def union(self, other: SimilarityGraph) -> SimilarityGraph:
        """Edges of either graph (the larger weight); a pair is ignored only where both ignore it."""
        return SimilarityGraph(torch.maximum(self.weights, other.weights), self.ignored & other.ignored)
