"""Regression on the unit sphere: a prediction points where its target points. What keeps it from collapse is the caller's."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision


@full_precision
def negative_cosine(predictions: Tensor, targets: Tensor) -> Tensor:
    """``- mean cos(prediction, target)``.

    Parameters
    ----------
    predictions : (batch, dim) any length.
    targets : (batch, dim) any length; detach them where their side must not learn.

    Returns
    -------
    Tensor : scalar in [-1, 1]: -1 where all point the same way, which collapse satisfies as well.

    Source: Chen and He, "Exploring Simple Siamese Representation Learning", 2021.
    """
    check_alike("negative_cosine", predictions, targets)
    return -(F.normalize(predictions, dim=1) * F.normalize(targets, dim=1)).sum(1).mean()


@full_precision
def cosine_regression(predictions: Tensor, targets: Tensor) -> Tensor:
    """Squared distance of the unit vectors, ``mean |p/|p| - t/|t||^2 = 2 - 2 mean cos(p, t)``: in [0, 4], of (batch, dim) tensors.

    Source: Grill et al., "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning", 2020.
    """
    check_alike("cosine_regression", predictions, targets)
    return 2 + 2 * negative_cosine(predictions, targets)
