"""Several losses, one step: their plain sum, or the mixture whose step lowers all of them, as far as one does.

At a point where no step lowers all losses at once, some convex mixture of their gradients is zero; elsewhere the shortest such
mixture is a direction in which every loss falls (Desideri, "Multiple-gradient descent algorithm (MGDA) for multiobjective
optimization", 2012; in networks: Sener and Koltun, "Multi-Task Learning as Multi-Objective Optimization", 2018; for pretext tasks:
Ju et al., "Multi-task Self-supervised Graph Neural Networks Enable Stronger Task Generalization", 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from selflearn.methods.base import Losses

Combine = Literal["sum", "pareto"]
ROUNDS, ENOUGH = 500, 1e-7


def combined(losses: Losses, how: Combine, shared: Sequence[Tensor]) -> Tensor:
    """The scalar that is minimised.

    Parameters
    ----------
    losses : named scalars.
    how : "sum", or "pareto": weighted by `shortest` of their gradients, times their number, so that equal losses give the sum.
    shared : the weights that all losses train (the encoder's); what only one of them trains has no say in the mixture.
    """
    terms = list(losses.values())
    whole = torch.stack(terms)
    if how == "sum" or len(terms) == 1:
        return whole.sum()
    gradients = [torch.autograd.grad(term, shared, retain_graph=True, allow_unused=True) for term in terms]
    flat = [torch.cat([_flat(each, weight) for each, weight in zip(gradient, shared, strict=True)]) for gradient in gradients]
    stacked = torch.stack(flat).double()
    weights = shortest((stacked @ stacked.T).cpu().numpy())
    return (whole * torch.from_numpy(weights).to(whole) * len(terms)).sum()


def _flat(gradient: Tensor | None, weight: Tensor) -> Tensor:
    return (torch.zeros_like(weight) if gradient is None else gradient).flatten().float()


def shortest(products: np.ndarray) -> np.ndarray:
    """The weights of the shortest convex mixture of vectors.

    Of two it is exact: ``clip((g2 - g1) . g2 / |g1 - g2|^2, 0, 1)`` for the first. Of more, weight is moved, always from the vector
    that lies most along the mixture to the one that lies least, each time by the exact step, until that changes nothing.

    Parameters
    ----------
    products : (vectors, vectors) their inner products.

    Returns
    -------
    (vectors,) >= 0 with the sum 1. Along the mixture every vector has at least the mixture's own squared length.
    """
    products = np.asarray(products, dtype=np.float64)
    count = len(products)
    if not np.isfinite(products).all():
        return np.full(count, 1 / count)  # the loss is not finite either, which the monitors see
    weights = np.full(count, 1 / count)
    for _ in range(ROUNDS):
        along = products @ weights
        used = np.flatnonzero(weights > 0)
        most, least = int(used[along[used].argmax()]), int(along.argmin())
        gap = along[most] - along[least]
        curve = products[most, most] - 2 * products[most, least] + products[least, least]
        if gap <= ENOUGH * max(float(np.trace(products)) / count, 1e-300) or curve <= 0:
            break
        step = min(gap / curve, weights[most])
        weights[most] -= step
        weights[least] += step
    return weights / weights.sum()
