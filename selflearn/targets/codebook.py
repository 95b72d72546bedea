"""Codebooks: vectors that stand for all, and the number of the nearest for each. Learned from what passes by, or drawn once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.ranks import gathered_rows, rank_sum
from selflearn.targets.kmeans import kmeans, nearest


class Codebook(nn.Module):
    """k-means on the first batch, then moving averages over the next ones, then it stands still.

    With the sum ``s`` and number ``n`` of a code's vectors in a batch: ``N <- m N + (1 - m) n``, ``S <- m S + (1 - m) s``,
    ``centre = S / N``. A code that no vector is nearest to stays where it is.

    Ranks agree: the first batch is gathered, sums are taken over all ranks.

    Parameters
    ----------
    codes : how many vectors; the first batch must have at least as many.
    dim : their length.
    settles : batches after which it stands still, >= 1; 1 is the first batch's k-means alone.
    momentum : of the averages, in [0, 1).

    Source: van den Oord et al., "Neural Discrete Representation Learning", 2017 (the averages, its appendix A.1).
    """

    centres: Tensor
    counts: Tensor
    seen: Tensor

    def __init__(self, codes: int, dim: int, settles: int = 50, momentum: float = 0.9) -> None:
        super().__init__()
        self.settles, self.momentum = settles, momentum
        self.register_buffer("centres", torch.zeros(codes, dim))
        self.register_buffer("counts", torch.zeros(codes))
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, vectors: Tensor) -> Tensor:
        """(..., dim) to the number of the nearest code, (...) int64."""
        return nearest(vectors.flatten(0, -2).float(), self.centres)[0].view(vectors.shape[:-1])

    @torch.no_grad()
    def follow(self, vectors: Tensor) -> None:
        """Learn from this rank's (n, dim) vectors of a batch, unless it stands still."""
        if self.seen >= self.settles:
            return
        vectors = vectors.detach().float()
        if self.seen == 0:
            everything = gathered_rows(vectors)
            first = torch.Generator().manual_seed(0)
            self.centres.copy_(kmeans(everything, len(self.centres), first, apart=True)[1])
            self.counts.copy_(torch.bincount(nearest(everything, self.centres)[0], minlength=len(self.centres)))
        else:
            codes = nearest(vectors, self.centres)[0]
            found = torch.cat([torch.zeros_like(self.centres), self.counts.new_zeros(len(self.centres), 1)], dim=1)
            ones = vectors.new_ones(len(vectors), 1)
            found = rank_sum(found.index_add(0, codes, torch.cat([vectors, ones], dim=1)))
            sums = (self.centres * self.counts[:, None]).lerp(found[:, :-1], 1 - self.momentum)
            self.counts.lerp_(found[:, -1], 1 - self.momentum)
            self.centres.copy_(torch.where(self.counts[:, None] > 0, sums / self.counts.clamp(min=1e-12)[:, None], self.centres))
        self.seen.add_(1)


class RandomQuantiser(nn.Module):
    """Codes by a projection and a codebook that are drawn once and never learned: the nearest unit vector names the projection.

    Ranks replicate.

    Parameters
    ----------
    codes : how many.
    dim : length of the vectors.
    width : of the projection.

    Source: Chiu et al., "Self-supervised Learning with Random-projection Quantizer for Speech Recognition", 2022.
    """

    projection: Tensor
    centres: Tensor

    def __init__(self, codes: int, dim: int, width: int = 16) -> None:
        super().__init__()
        self.register_buffer("projection", nn.init.xavier_uniform_(torch.empty(dim, width)))
        self.register_buffer("centres", F.normalize(torch.randn(codes, width), dim=1))

    @torch.no_grad()
    def forward(self, vectors: Tensor) -> Tensor:
        """(..., dim) to the number of a code, (...) int64."""
        with torch.autocast(vectors.device.type, enabled=False):
            unit = F.normalize(vectors.flatten(0, -2).float() @ self.projection, dim=1)
        return nearest(unit, self.centres)[0].view(vectors.shape[:-1])

    def follow(self, vectors: Tensor) -> None:
        """It stands still from the beginning."""
