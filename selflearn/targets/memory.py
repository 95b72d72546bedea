"""A memory of every sample of the data set: what was last said of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.ranks import gathered


class Memory(nn.Module):
    """The last vector of each sample.

    Ranks replicate: each writes the rows of all ranks.

    Parameters
    ----------
    samples : of the data set.
    dim : length of a vector.

    Source: Wu et al., "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", 2018.
    """

    vectors: Tensor
    known: Tensor

    def __init__(self, samples: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(samples, dim))
        self.register_buffer("known", torch.zeros(samples, dtype=torch.bool))

    @property
    def full(self) -> bool:
        """Whether every sample has been written."""
        return bool(self.known.all())

    @torch.no_grad()
    def write(self, index: Tensor, vectors: Tensor) -> None:
        """Keep this rank's (batch, dim) vectors of the samples at (batch,) `index`, and those of the other ranks."""
        index = gathered(index)
        self.vectors[index] = gathered(vectors.detach().to(self.vectors.dtype))
        self.known[index] = True
