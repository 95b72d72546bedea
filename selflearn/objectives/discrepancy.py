"""Maximum mean discrepancy: how far apart two sets of samples lie, as distributions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


@full_precision
def mmd(first: Tensor, second: Tensor, widths: Sequence[float] | Tensor) -> Tensor:
    """Squared maximum mean discrepancy under the mean of Gaussian kernels ``k(x, y) = exp(-|x - y|^2 / (2 width^2))``::

        mean_ij k(x_i, x_j) + mean_ij k(y_i, y_j) - 2 mean_ij k(x_i, y_j)

    Parameters
    ----------
    first, second : (rows, dim) samples of each; the numbers of rows may differ.
    widths : of the kernels, each > 0, in the units of the samples.

    Returns
    -------
    Tensor : scalar in [0, 2]. 0 for equal sets, whatever their order; for a single row on each side, a distance d apart,
        ``2 - 2 mean_w exp(-d^2 / (2 w^2))``.

    Raises
    ------
    RecipeError : shapes do not belong together, a set is empty, or a width is not above zero.

    Source: Gretton et al., "A Kernel Two-Sample Test", 2012 (the biased estimate).
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or not len(first) or not len(second):
        raise RecipeError(f"mmd needs (rows, dim) and (other rows, dim), not {tuple(first.shape)} and {tuple(second.shape)}")
    sizes = torch.as_tensor(widths, dtype=first.dtype, device=first.device)
    if sizes.ndim != 1 or not len(sizes) or not bool((sizes > 0).all()):
        raise RecipeError(f"mmd: widths must be numbers above zero, not {widths}")
    rows = torch.cat([first, second])
    rows = rows - rows.mean(0)  # distances stay, and their squares lose fewer digits
    squares = rows.square().sum(1)
    distances = (squares[:, None] + squares[None, :] - 2 * rows @ rows.T).clamp(min=0.0)
    kernel = torch.stack([(-distances / (2 * size.square())).exp() for size in sizes]).mean(0)
    own, other = kernel[: len(first)], kernel[len(first) :]
    return (own[:, : len(first)].mean() + other[:, len(first) :].mean() - 2 * own[:, len(first) :].mean()).clamp(min=0.0)


def median_distance(rows: Tensor) -> Tensor:
    """Scalar: the median distance between different rows of (rows, dim), the usual width of a kernel; 1 where all are equal."""
    if len(rows) < 2:
        raise RecipeError(f"a distance is between two rows at least, not {len(rows)}")
    middle = torch.pdist(rows.to(torch.float32)).median()
    return torch.where(middle > 0, middle, torch.ones_like(middle))
