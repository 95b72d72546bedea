"""L2-regularised softmax regression, many problems at once: what makes fifty draws of labels cost about as much as one.

The features are rotated to their principal axes, where Boehning's bound on the curvature is diagonal. Steps preconditioned by
that bound never increase the loss; Nesterov's momentum with restarts makes them fast. There is no line search, so the problems of
a batch do not wait for each other.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def softmax_regression(
    features: Tensor, labels: Tensor, classes: int, strength: Tensor | float = 1.0, iterations: int = 300, tolerance: float = 1e-4
) -> tuple[Tensor, Tensor]:
    """Fit softmax regressions, as scikit-learn's LogisticRegression with the same `C`.

    Minimises `sum_i cross_entropy(x_i W + b, y_i) + |W|^2 / (2 C)`; the bias is free.

    Source of the bound: Boehning: Multinomial logistic regression algorithm, 1992; of the restarts: O'Donoghue and Candes:
    Adaptive restart for accelerated gradient schemes, 2015.

    Parameters
    ----------
    features : (batch, n, dim), or (n, dim) where all problems share their samples and differ in strength.
    labels : (batch, n) or (n,) class numbers in [0, classes).
    strength : C > 0, one number or (batch,) of them.
    iterations, tolerance : it stops after so many steps, or when the last step changed no problem's weights by more than
        `tolerance` of their size.

    Returns
    -------
    weights (batch, dim, classes) and bias (batch, classes).
    """
    strength = torch.as_tensor(strength, dtype=features.dtype, device=features.device).reshape(-1, 1, 1)
    mean = features.mean(-2, keepdim=True)
    rotated, axes, curvature = _principal(features - mean)
    # classes stand before samples: a softmax over a short last dimension is many times slower on a CPU
    truth = F.one_hot(labels, classes).mT.to(features.dtype)
    scores = rotated.mT.contiguous()
    batch = max(len(strength), len(features) if features.ndim == 3 else 1)
    weights = features.new_zeros(batch, classes, rotated.shape[-1])
    bias = features.new_zeros(batch, classes, 1)
    step = 1 / (0.5 * curvature.unsqueeze(-2) + 1 / strength)
    bias_step = 2 / features.shape[-2]
    look, bias_look = weights, bias
    pace = features.new_ones(batch, 1, 1)
    for iteration in range(iterations):
        residual = (look @ scores + bias_look).softmax(-2) - truth
        gradient = residual @ rotated + look / strength
        new, new_bias = look - step * gradient, bias_look - bias_step * residual.sum(-1, keepdim=True)
        change, bias_change = new - weights, new_bias - bias
        # the momentum points uphill: start it again, for that problem alone
        uphill = ((look - new) * change / step).sum((1, 2), keepdim=True) > 0
        pace = torch.where(uphill, torch.ones_like(pace), pace)
        next_pace = (1 + (1 + 4 * pace.square()).sqrt()) / 2
        momentum = (pace - 1) / next_pace
        look, bias_look = new + momentum * change, new_bias + momentum * bias_change
        weights, bias, pace = new, new_bias, next_pace
        if iteration % 10 == 9 and bool((change.norm(dim=(1, 2)) <= tolerance * weights.norm(dim=(1, 2))).all()):
            break
    fitted = axes @ weights.mT
    return fitted, (bias.mT - mean @ fitted).squeeze(1)


def _principal(centred: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (..., n, rank), axes (..., dim, rank) and squared singular values (..., rank) of centred rows."""
    n, dim = centred.shape[-2:]
    if n < dim:
        # with fewer samples than dimensions the best weights lie in the span of the samples
        values, vectors = torch.linalg.eigh((centred @ centred.mT).double())
        kept = values > 1e-6 * values[..., -1:].clamp_min(1e-30)
        scale = torch.where(kept, values.clamp_min(1e-30).sqrt(), torch.inf).unsqueeze(-2)
        axes = centred.mT @ (vectors / scale).to(centred.dtype)
    else:
        values, vectors = torch.linalg.eigh((centred.mT @ centred).double())
        axes = vectors.to(centred.dtype)
    return centred @ axes, axes, values.clamp_min(0).to(centred.dtype)
