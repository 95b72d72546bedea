"""Sinkhorn-Knopp: soft assignments that use every prototype equally."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.objectives.checks import check_positive


@torch.no_grad()
def sinkhorn(scores: Tensor, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """Assignments ``Q`` that maximise ``trace(Q scores.T) + epsilon * entropy(Q)`` with equal prototypes and equal samples.

    Rows and columns of ``exp(scores / epsilon)`` are normalised in turn, samples last, as logarithms: a sharp epsilon cannot
    underflow a whole prototype to zero.

    Parameters
    ----------
    scores : (samples, prototypes) similarities, of all ranks together.
    epsilon : > 0; larger is softer: equal shares in the limit.
    iterations : >= 1; the samples' sums are exact after each, the prototypes' sums converge to ``samples / prototypes``.

    Returns
    -------
    Tensor : (samples, prototypes) float32, detached; rows sum to one.

    Source: Cuturi, "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", 2013; Caron et al., "Unsupervised
    Learning of Visual Features by Contrasting Cluster Assignments", 2020.
    """
    check_positive("sinkhorn", epsilon=epsilon, iterations=iterations)
    logarithms = scores.detach().float() / epsilon
    for _ in range(iterations):
        logarithms = logarithms - logarithms.logsumexp(0, keepdim=True)
        logarithms = logarithms - logarithms.logsumexp(1, keepdim=True)
    return logarithms.exp()
