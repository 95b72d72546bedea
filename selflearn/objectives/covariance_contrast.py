"""Covariance contrast: samples are pushed out of the directions in which all samples lie, without looking at any of them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


@full_precision
def covariance_contrast(rows: Tensor, moment: Tensor) -> Tensor:
    """``mean_i z_i^T M z_i`` of unit rows: how much of each lies where past ones lie.

    It is a contrast with a memory of all samples at once: if ``M = mean_k z_k z_k^T``, the result is the mean squared cosine
    between a row and a past one.

    Parameters
    ----------
    rows : (batch, dim) any length; normalised here.
    moment : (dim, dim) symmetric, second moments of unit rows; detach it where it must not learn.

    Returns
    -------
    Tensor : scalar between the least and the largest eigenvalue of `moment`: 1 at collapse, 1 / dim where rows fill the sphere.

    Raises
    ------
    RecipeError : shapes do not belong together.

    Source: Zhu et al., "TiCo: Transformation Invariance and Covariance Contrast for Self-Supervised Visual Representation
    Learning", 2022.
    """
    if rows.ndim != 2 or moment.shape != (rows.shape[1], rows.shape[1]):
        shapes = f"{tuple(rows.shape)} and {tuple(moment.shape)}"
        raise RecipeError(f"covariance_contrast needs (batch, dim) and (dim, dim), not {shapes}")
    unit = F.normalize(rows, dim=1)
    return ((unit @ moment.to(unit.dtype)) * unit).sum(1).mean()
