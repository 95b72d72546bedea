"""The collapse watch: how much normalised embeddings vary, relative to embeddings spread evenly over the sphere."""

from __future__ import annotations

import math

from torch.nn import functional as F

from selflearn.measures.arrays import Array, matrix


def relative_deviation(embeddings: Array) -> float:
    """Root mean square deviation per dimension of normalised embeddings, times `sqrt(dim)`.

    `sqrt(sum_k Var(f_k))` with `f = z / |z|`, which is `sqrt(1 - |E f|^2)`.

    Law: 0 at collapse to one direction, 1 where the mean direction vanishes (evenly spread embeddings); in between always. Rotation
    and scaling of any row change nothing.

    Source: Chen and He: Exploring Simple Siamese Representation Learning, 2021 (their `std` plot, which is at `1 / sqrt(dim)` where
    this is at 1; ours sums the variances of the dimensions, theirs averages the deviations).

    Parameters
    ----------
    embeddings : (n, dim), finite. Rows of zeros stay zero and count as one more direction.
    """
    unit = F.normalize(matrix(embeddings), dim=1).double()
    spread = unit.square().sum(1).mean() - unit.mean(0).square().sum()
    return math.sqrt(max(float(spread), 0.0))
