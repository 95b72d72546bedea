"""The running mean of a teacher's logits; taking it away keeps any one prototype from winning everywhere."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.ranks import rank_mean


class Centre(nn.Module):
    """``c <- momentum * c + (1 - momentum) * mean(logits)``; applied as ``logits - c``.

    Ranks reduce: the mean is taken over all of them, so every rank holds the same centre.

    Parameters
    ----------
    dim : number of logits.
    momentum : in [0, 1].

    Source: Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", 2021.
    """

    centre: Tensor

    def __init__(self, dim: int, momentum: float = 0.9) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("centre", torch.zeros(dim))

    def forward(self, logits: Tensor) -> Tensor:
        """(batch, dim) logits less the centre."""
        return logits - self.centre

    @torch.no_grad()
    def follow(self, logits: Tensor) -> None:
        """Move towards the mean of these (batch, dim) logits."""
        mean = rank_mean(logits.float().mean(0))
        self.centre.lerp_(mean, 1 - self.momentum)
