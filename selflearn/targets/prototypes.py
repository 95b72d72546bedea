"""Prototypes: unit vectors that samples are assigned to. They are learned, but may stand still for a first share of the budget."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.networks import PrototypeLayer


class Prototypes(PrototypeLayer):
    """Cosine similarity to learned prototypes, held fixed until a share of the budget is used.

    While held, their gradient is zero rather than missing, so that data parallelism finds every parameter used; a decay of
    their length changes nothing, for only their direction counts. Ranks replicate: gradients agree, and progress is common.

    Parameters
    ----------
    dim : length of the vectors.
    count : number of prototypes.
    held : share of the budget during which they stand still, in [0, 1].

    Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments", 2020.
    """

    learning: Tensor

    def __init__(self, dim: int, count: int, held: float = 0.0) -> None:
        super().__init__(dim, count)
        self.held = held
        self.register_buffer("learning", torch.tensor(float(held <= 0)))

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, dim) to (batch, count) cosines."""
        weight = self.weight.detach().lerp(self.weight, self.learning.to(self.weight.dtype))
        return F.linear(F.normalize(vectors, dim=-1), F.normalize(weight, dim=-1))

    def follow(self, progress: float) -> None:
        """Tell how much of the budget is used, in [0, 1]."""
        self.learning.fill_(float(progress >= self.held))
