"""Redundancy reduction: the cross-correlation of two views' outputs becomes the identity."""

from __future__ import annotations

from torch import Tensor

from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision

EPSILON = 1e-5  # added to each output's variance, as the authors' batch norm does


@full_precision
def barlow_twins(first: Tensor, second: Tensor, redundancy: float = 5e-3) -> Tensor:
    """Two views agree in every output and repeat themselves in none.

    With each output standardised over the batch and ``C = first.T @ second / batch``::

        loss = sum_i (1 - C_ii)^2 + redundancy * sum_{i != j} C_ij^2

    Parameters
    ----------
    first : (batch, dim) projections of one view.
    second : (batch, dim) projections of the other.
    redundancy : weight of the off-diagonal part, >= 0.

    Returns
    -------
    Tensor : scalar, >= 0: zero for equal, whitened outputs; ``dim`` at collapse, where nothing correlates.

    Source: Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction", 2021.
    """
    check_alike("barlow_twins", first, second)
    correlation = _standardise(first).T @ _standardise(second) / len(first)
    agreement = correlation.diagonal()
    return (1 - agreement).square().sum() + redundancy * (correlation.square().sum() - agreement.square().sum())


def _standardise(outputs: Tensor) -> Tensor:
    centred = outputs - outputs.mean(0)
    return centred * (centred.square().mean(0) + EPSILON).rsqrt()
