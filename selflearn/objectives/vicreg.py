"""The three parts of VICReg, each alone: views agree, no output dies, no two outputs tell the same."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision

EPSILON = 1e-4  # inside the root of the variance, the authors' value: keeps its gradient finite at collapse


@full_precision
def invariance(first: Tensor, second: Tensor) -> Tensor:
    """Mean squared distance ``mean (first - second)^2`` over samples and outputs, both (batch, dim): zero for equal views.

    Source: Bardes, Ponce and LeCun, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning", 2022.
    """
    check_alike("invariance", first, second)
    return (first - second).square().mean()


@full_precision
def variance(outputs: Tensor, target: float = 1.0) -> Tensor:
    """Hinge on each output's deviation over the batch: ``mean_d max(0, target - sqrt(var_d + 1e-4))``.

    Parameters
    ----------
    outputs : (batch, dim).
    target : the deviation every output must reach, > 0.

    Returns
    -------
    Tensor : scalar: zero once every output deviates by `target`; ``target - 0.01`` at collapse.

    Source: as `invariance`.
    """
    return F.relu(target - (outputs.var(0) + EPSILON).sqrt()).mean()


@full_precision
def covariance(outputs: Tensor) -> Tensor:
    """Squared covariances of different outputs, ``sum_{i != j} C_ij^2 / dim``, of (batch, dim): zero for decorrelated outputs.

    Source: as `invariance`.
    """
    centred = outputs - outputs.mean(0)
    matrix = centred.T @ centred / (len(outputs) - 1)
    return (matrix.square().sum() - matrix.diagonal().square().sum()) / outputs.shape[1]
