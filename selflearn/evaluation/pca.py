"""Principal components as the dull baseline and as a way to shorten very wide features; fitted on training rows only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

WIDE = 512  # wider features are shortened to so many principal components before a logistic probe
ROWS = 2000  # rows that the axes of wide features are fitted on


@dataclass(frozen=True)
class Axes:
    """Principal axes: `scores = (x - mean) @ axes`; `variances` (rank,) largest first."""

    mean: Tensor
    axes: Tensor
    variances: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        return (features - self.mean) @ self.axes


def principal_axes(train: Tensor, limit: int = WIDE) -> Axes:
    """At most `limit` leading axes of (n, dim) rows; where dim is above `WIDE`, of `ROWS` of them evenly spread over the order."""
    if train.shape[1] > WIDE and len(train) > ROWS:
        train = train[torch.linspace(0, len(train) - 1, ROWS).long()]
    mean = train.mean(0)
    centred = train - mean
    if len(train) < train.shape[1]:
        values, left = _largest((centred @ centred.T).double(), limit)
        axes = centred.T @ (left / values.clamp_min(1e-30).sqrt()).to(train.dtype)
    else:
        values, vectors = _largest((centred.T @ centred).double(), limit)
        axes = vectors.to(train.dtype)
    values, axes = values.flip(0).clamp_min(0), axes.flip(1)
    rank = min(limit, max(1, int((values > 1e-7 * values[0]).sum())))
    return Axes(mean, axes[:, :rank], (values[:rank] / max(len(train) - 1, 1)).to(train.dtype))


def _largest(gram: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest eigenvalues of a symmetric matrix, smallest first, and their vectors: of a large one in half the time."""
    if count >= len(gram):
        return torch.linalg.eigh(gram)
    from scipy.linalg import eigh

    values, vectors = eigh(gram.numpy(), subset_by_index=(len(gram) - count, len(gram) - 1), check_finite=False)
    return torch.from_numpy(values), torch.from_numpy(vectors)


def leading(axes: Axes, total: float, share: float = 0.9, limit: int = 256) -> Axes:
    """The leading axes that hold `share` of the total variance (at least 2, at most `limit`)."""
    count = int((axes.variances.cumsum(0) < share * total).sum()) + 1
    count = min(max(count, 2), limit, len(axes.variances))
    return Axes(axes.mean, axes.axes[:, :count], axes.variances[:count])
