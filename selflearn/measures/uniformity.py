"""Uniformity: how evenly embeddings fill the unit sphere. Exact over all pairs, in chunks."""

from __future__ import annotations

import math

from torch.nn import functional as F

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, matrix
from selflearn.measures.neighbours import CHUNK_VALUES


def uniformity(embeddings: Array, sharpness: float = 2.0) -> float:
    """`log E_{i != j} exp(-sharpness |f_i - f_j|^2)` over normalised embeddings; smaller is more even.

    Law: 0 at collapse, where it is largest; n orthogonal directions give `-2 * sharpness`; never below `-4 * sharpness`.
    Rotation of all and scaling of any row change nothing.

    Source: Wang and Isola: Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, 2020 (t = 2).

    Parameters
    ----------
    embeddings : (n, dim), finite, n >= 2. Costs n^2 dim operations and one chunk of memory.
    """
    unit = F.normalize(matrix(embeddings), dim=1).double()
    n = len(unit)
    if n < 2:
        raise DataError("uniformity compares pairs: it needs at least two samples")
    total = 0.0
    for chunk in unit.split(max(1, CHUNK_VALUES // n)):
        # |f_i - f_j|^2 = 2 - 2 cos; a sample's pair with itself adds exp(0) = 1 and is taken off below
        total += float((-2 * sharpness * (1 - chunk @ unit.T)).clamp_max(0).exp().sum())
    return math.log(max(total - n, 1e-300) / (n * (n - 1)))
