"""The running second moment of vectors: in which directions samples lie, over more of them than a batch holds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.ranks import rank_mean


class SecondMoment(nn.Module):
    """``M <- momentum * M + (1 - momentum) * mean_i z_i z_i^T``, from zero.

    Ranks reduce: the mean is taken over all of them, so every rank holds the same.

    Parameters
    ----------
    dim : length of the vectors.
    momentum : in [0, 1]: 0 forgets all but the last batch, 1 never learns of any.

    Source: Zhu et al., "TiCo: Transformation Invariance and Covariance Contrast for Self-Supervised Visual Representation
    Learning", 2022; Tian et al., "Understanding self-supervised Learning Dynamics without Contrastive Pairs", 2021.
    """

    moment: Tensor

    def __init__(self, dim: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("moment", torch.zeros(dim, dim))

    @torch.no_grad()
    def follow(self, rows: Tensor) -> None:
        """Move towards the second moment of these (batch, dim) vectors; in evaluation nothing moves, as in a batch norm."""
        if not self.training:
            return
        rows = rows.detach().to(self.moment.dtype)
        with torch.autocast(rows.device.type, enabled=False):
            self.moment.lerp_(rank_mean(rows.T @ rows / len(rows)), 1 - self.momentum)
