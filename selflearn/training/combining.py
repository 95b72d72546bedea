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
import torch.nn.functional as F
from torch import Tensor

from selflearn.methods.base import Losses
from selflearn.ranks import rank_mean

Combine = Literal["sum", "pareto", "pareto-unit"]
ROUNDS, ENOUGH = 100, 1e-9


def combined(losses: Losses, how: Combine, shared: Sequence[Tensor]) -> Tensor:
    """The scalar that is minimised.

    Parameters
    ----------
    losses : named scalars.
    how : "sum"; "pareto": weighted by `shortest` of their gradients, times their number, so that equal losses give the sum;
        "pareto-unit": by `shortest` of their gradients brought to length 1, as the authors of ParetoGNN do, so that a loss does not
        count for more because its gradient is short. (What falls in every direction then is the mixture of unit gradients; the
        step itself is the losses' own.)
    shared : the weights that all losses train (the encoder's); what only one of them trains has no say in the mixture.
    """
    terms = list(losses.values())
    whole = torch.stack(terms)
    if how == "sum" or len(terms) == 1:
        return whole.sum()
    gradients = [torch.autograd.grad(term, shared, retain_graph=True, allow_unused=True) for term in terms]
    flat = [torch.cat([_flat(each, weight) for each, weight in zip(gradient, shared, strict=True)]) for gradient in gradients]
    stacked = rank_mean(torch.stack(flat)).double()  # gradients of the joint batch, so that all ranks mix alike
    if how == "pareto-unit":
        stacked = F.normalize(stacked, dim=1)
    weights = shortest((stacked @ stacked.T).cpu().numpy())
    return (whole * torch.from_numpy(weights).to(whole) * len(terms)).sum()


def _flat(gradient: Tensor | None, weight: Tensor) -> Tensor:
    return (torch.zeros_like(weight) if gradient is None else gradient).flatten().float()


def shortest(products: np.ndarray) -> np.ndarray:
    """The weights of the shortest convex mixture of vectors.

    Of two it is ``clip((g2 - g1) . g2 / |g1 - g2|^2, 0, 1)`` for the first. Of any number: vectors are taken in one by one, always
    the one that lies least along the mixture; the shortest affine mixture of those taken in is exact, and a vector whose weight
    would fall below zero on the way there is let go (Wolfe, "Finding the nearest point in a polytope", 1976).

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
    enough = ENOUGH * max(float(np.trace(products)) / count, 1e-300)
    weights = np.zeros(count)
    weights[products.diagonal().argmin()] = 1.0
    for _ in range(ROUNDS):
        along = products @ weights
        least = int(along.argmin())
        if weights[least] > 0 or along[least] >= weights @ along - enough:
            break
        weights = _shortest_with(products, weights, least)
    return weights / weights.sum()


def _shortest_with(products: np.ndarray, weights: np.ndarray, newcomer: int) -> np.ndarray:
    """The shortest convex mixture of the vectors in use and one more, as far as none of their weights falls below zero."""
    used = [*np.flatnonzero(weights > 0), newcomer]
    while True:
        wanted = np.zeros(len(weights))
        wanted[used] = _affine(products[np.ix_(used, used)])
        falling = [each for each in used if wanted[each] <= 0]
        if not falling:
            return wanted
        step, gone = min((weights[each] / (weights[each] - wanted[each]) if weights[each] > 0 else 0.0, each) for each in falling)
        weights = np.maximum(weights + step * (wanted - weights), 0.0)
        weights[gone] = 0.0
        used.remove(gone)


def _affine(products: np.ndarray) -> np.ndarray:
    """Weights with the sum 1, of any sign, whose mixture is shortest."""
    count = len(products)
    scale = max(float(np.trace(products)) / count, 1e-300)
    system = np.ones((count + 1, count + 1))
    system[:count, :count], system[count, count] = products / scale, 0.0
    right = np.zeros(count + 1)
    right[count] = 1.0
    solution: np.ndarray = np.linalg.lstsq(system, right, rcond=None)[0]
    return solution[:count]
