"""Entropy of each output by itself, from the gaps between its sorted values: in one dimension it can be estimated well."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision

EPSILON = 1e-7  # equal values keep a finite logarithm; the authors' value


@full_precision
def marginal_entropy(rows: Tensor) -> Tensor:
    """The mean over outputs of the m-spacing estimate. With the sorted values ``x_(1) <= ... <= x_(n)`` and ``m = round(sqrt n)``::

        H = 1 / (n - m) sum_i log( (n + 1) / m (x_(i + m) - x_(i)) )

    Parameters
    ----------
    rows : (batch, dim), at least two rows. For values in [0, 1] the largest entropy is that of the uniform distribution.

    Returns
    -------
    Tensor : scalar, in nats. About 0 (a little below it in small batches) for uniform values in [0, 1]; a factor c on all values
        adds log(c), a shift nothing; log(1e-7) at collapse.

    Source: Vasicek, "A Test for Normality Based on Sample Entropy", 1976; as a criterion: Chakraborty et al., "Improving
    Pre-trained Self-Supervised Embeddings Through Effective Entropy Maximization", 2025.
    """
    if rows.ndim != 2 or len(rows) < 2:
        raise RecipeError(f"marginal_entropy needs (batch, dim) of at least two rows, not {tuple(rows.shape)}")
    count = len(rows)
    spacing = min(round(math.sqrt(count)), count - 1)
    ordered = rows.sort(dim=0).values
    gaps = ordered[spacing:] - ordered[:-spacing]
    return torch.log(gaps * (count + 1) / spacing + EPSILON).mean()
