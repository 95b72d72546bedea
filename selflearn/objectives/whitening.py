"""Whitening: a batch is turned and stretched until its outputs have deviation one and no correlation, and then views are compared.

What is white cannot collapse, so agreement alone may be asked for: no negatives, teacher or predictor.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision

JITTER = 8.0  # roundings of the mean variance, added to each: a covariance that has lost a direction still has its triangle


@full_precision
def whiten(rows: Tensor, shrinkage: float = 0.0) -> Tensor:
    """``L^-1 (z - mean z)`` with the triangle ``L L^T`` of the rows' covariance.

    Parameters
    ----------
    rows : (..., rows, dim), more rows than dimensions; leading axes are whitened by themselves.
    shrinkage : in [0, 1], the share of the identity in the covariance.

    Returns
    -------
    Tensor : (..., rows, dim) with covariance 1 (without shrinkage) and mean 0. An invertible affine map of the rows turns them and
        does nothing else: lengths of and angles between whitened rows stay.

    Source: Ermolov et al., "Whitening for Self-Supervised Representation Learning", 2021; Siarohin et al., "Whitening and Coloring
    Batch Transform for GANs", 2019.
    """
    count, dim = rows.shape[-2:]
    centred = rows - rows.mean(-2, keepdim=True)
    covariance = centred.mT @ centred / max(1, count - 1)
    identity = torch.eye(dim, dtype=rows.dtype, device=rows.device)
    spread = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    floor = JITTER * torch.finfo(rows.dtype).eps * spread + torch.finfo(rows.dtype).tiny
    triangle = torch.linalg.cholesky((1 - shrinkage) * covariance + (shrinkage + floor) * identity)
    return torch.linalg.solve_triangular(triangle, centred.mT, upper=False).mT


@full_precision
def whitened_mse(views: Tensor, size: int = 0, shrinkage: float = 0.0) -> Tensor:
    """Squared distance of whitened views of one sample, on the unit sphere: ``2 - 2 mean cos`` over samples and pairs of views.

    Parameters
    ----------
    views : (views, batch, dim) embeddings, at least two views.
    size : samples that are whitened together, in the order in which they lie; more than there are dimensions. 0 takes all. Smaller
        parts, drawn anew each time, make the whitening vary, which keeps samples from leaning on it.
    shrinkage : as of `whiten`.

    Returns
    -------
    Tensor : scalar in [0, 4]: 0 for equal views, 2 for unrelated ones and at collapse, where nothing is left to compare.

    Raises
    ------
    RecipeError : too few views, or not more samples in a part than dimensions.

    Source: Ermolov et al., "Whitening for Self-Supervised Representation Learning", 2021.
    """
    if views.ndim != 3 or len(views) < 2:
        raise RecipeError(f"whitened_mse needs (views, batch, dim) of at least two views, not {tuple(views.shape)}")
    count, batch, dim = views.shape
    parts = views.tensor_split(max(1, batch // size) if size else 1, dim=1)
    if min(part.shape[1] for part in parts) <= dim:
        raise RecipeError(
            f"whitened_mse: {parts[-1].shape[1]} samples cannot be white in {dim} dimensions; take more samples, or fewer outputs"
        )
    unit = F.normalize(torch.cat([whiten(part, shrinkage) for part in parts], dim=1), dim=2)
    together, alone = unit.sum(0).square().sum(-1), unit.square().sum((0, 2))  # the first holds all pairs, and each view itself
    return 2 - 2 * ((together - alone) / (count * (count - 1))).mean()
