"""Two Gaussians in one heap of numbers, and where one gives way to the other: which losses are those of right labels."""

from __future__ import annotations

import math

import torch
from torch import Tensor


@torch.no_grad()
def two_gaussians(values: Tensor, iterations: int = 50) -> tuple[Tensor, Tensor, Tensor]:
    """Maximum likelihood by expectation and maximisation, from the lower and the upper half.

    Parameters
    ----------
    values : (n,) at least 4.
    iterations : >= 1.

    Returns
    -------
    weights, means, deviations : (2,) float64 each, the lower mean first. Deviations are at least a hundredth of that of all values.

    Source: Dempster, Laird and Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm", 1977.
    """
    values = values.double()
    least = float(values.std(correction=0)) / 100 + 1e-12
    upper = torch.zeros_like(values)
    upper[values.argsort()[len(values) // 2 :]] = 1.0
    shares = torch.stack([1 - upper, upper], dim=1)
    for _ in range(iterations):
        counts = shares.sum(0).clamp(min=1e-9)
        weights, means = counts / len(values), (shares * values[:, None]).sum(0) / counts
        deviations = ((shares * (values[:, None] - means).square()).sum(0) / counts).sqrt().clamp(min=least)
        shares = _log_likelihoods(values, weights, means, deviations).softmax(1)
    order = means.argsort()
    return weights[order], means[order], deviations[order]


def gate(values: Tensor) -> float:
    """The largest value that belongs rather to the lower of two Gaussians; infinity where there are no two to tell apart.

    There are none if their means are nearer than the mean of their deviations, or among fewer than four (n,) values.
    """
    if len(values) < 4:
        return math.inf
    weights, means, deviations = two_gaussians(values)
    if float(means[1] - means[0]) < float(deviations.mean()):
        return math.inf
    between = torch.linspace(float(means[0]), float(means[1]), 1001, dtype=torch.float64, device=values.device)
    lower, higher = _log_likelihoods(between, weights, means, deviations).unbind(1)
    first = (higher > lower).to(torch.uint8).argmax()
    return float(between[first]) if bool((higher > lower).any()) else math.inf


def _log_likelihoods(values: Tensor, weights: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
    """(n, 2) logarithm of weight times density, up to a constant."""
    return weights.log() - deviations.log() - ((values[:, None] - means) / deviations).square() / 2
