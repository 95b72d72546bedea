"""Tasks brought into one form: the order and sign of features and the numbers of classes tell nothing, so no network must learn it.

Features come in the order of how much they tell of the target in the context, each with the sign of what it tells; beside them
stands what regressions in closed form make of them. A transformer could learn all this, from very many more tasks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.objectives.precision import full_precision

REGRESSIONS = (("linear", 2.0), ("linear", 30.0), ("near", 0.5), ("near where it matters", 0.5))
"""Kernels and penalties: lines that hold a handful of rows for noise, or dozens; and values like those of rows nearby."""
CUT = 0.02
"""The least that is left of a row's fit without itself: beyond it, rounding decides."""


@full_precision
def aligned(values: Tensor, targets: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Features in order and sign of their correlation with the target, and the scores of regressions.

    Parameters
    ----------
    values : (batch, points, features) at mean 0 and deviation 1 over each context.
    targets : (batch, points, outputs) numbers, or one column a class; those of queries are not looked at.
    context : (batch,) of how many points, the first, the target is known.

    Returns
    -------
    (batch, points, features) and (batch, points, outputs * regressions). A score of a point in the context is told from the other
    points alone, so that scores mean the same for context and queries.
    """
    most = int(context.max())
    known = (torch.arange(most, device=values.device) < context[:, None])[..., None].to(values.dtype)
    inside = values[:, :most] * known
    count = known.sum(1, keepdim=True).clamp_min(1)
    mean = (targets[:, :most] * known).sum(1, keepdim=True) / count
    centred = (targets[:, :most] - mean) * known
    told = inside.mT @ centred / count
    spread = (centred.square().sum(1, keepdim=True) / count).clamp_min(1e-12)
    relevance = (told.square() / spread).sum(2)
    order = relevance.argsort(dim=1, descending=True, stable=True)
    sign = torch.where(told[..., 0] < 0, -1.0, 1.0)
    arranged = (values * sign[:, None]).gather(2, order[:, None].expand_as(values))
    scores = [_regressed(_kernel(name, values, most, relevance), centred, known, penalty) for name, penalty in REGRESSIONS]
    return arranged, torch.cat(scores, dim=2)


def _kernel(name: str, values: Tensor, most: int, relevance: Tensor) -> Tensor:
    """(batch, points, context) how alike points are to those of the context."""
    if name == "linear":
        return values @ values[:, :most].mT
    weights = torch.ones_like(relevance) if name == "near" else relevance
    varies = (values.abs().amax(1) > 0).to(values.dtype)
    weights = weights * varies
    weights = weights / weights.sum(1, keepdim=True).clamp_min(1e-12)
    scaled = values * weights.sqrt()[:, None]
    lengths = scaled.square().sum(2)
    apart = lengths[:, :, None] + lengths[:, None, :most] - 2 * scaled @ scaled[:, :most].mT
    return torch.exp(-apart.clamp_min(0) / 2)


def _regressed(kernel: Tensor, centred: Tensor, known: Tensor, penalty: float) -> Tensor:
    """(batch, points, outputs) kernel ridge regression; a point of the context is told by all others but itself.

    Without row i the prediction for it is ``y_i - (G^-1 y)_i / (G^-1)_ii``, with ``G`` the kernel of the context plus the penalty.
    """
    most = centred.shape[1]
    kernel = kernel * known.mT
    inner = kernel[:, :most] * known
    root = torch.linalg.cholesky(inner + penalty * torch.eye(most, dtype=kernel.dtype, device=kernel.device))
    inverse = torch.cholesky_inverse(root)
    weights = inverse @ centred
    own = (1 / penalty - inverse.diagonal(dim1=1, dim2=2)[..., None]).clamp_min(0) * penalty  # a row's share in its own fit
    left = centred - penalty * weights / (1 - own).clamp_min(CUT)
    fitted = kernel @ weights
    return torch.cat([torch.where(known > 0, left, fitted[:, :most]), fitted[:, most:]], dim=1)


def by_frequency(targets: Tensor, context: Tensor, classes: int) -> Tensor:
    """(batch, classes) the place of each class when the most frequent in the context comes first; of equals the lower number.

    Parameters
    ----------
    targets : (batch, points) int64 classes.
    context : (batch,) of how many points, the first, the class is known.
    """
    known = torch.arange(targets.shape[1], device=targets.device) < context[:, None]
    single = torch.nn.functional.one_hot(targets.clamp_min(0), classes) * known[..., None]
    order = single.sum(1).argsort(dim=1, descending=True, stable=True)
    return order.argsort(dim=1)
