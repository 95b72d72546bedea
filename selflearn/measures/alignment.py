"""Alignment: how close two views of the same sample lie on the unit sphere."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from selflearn.measures.arrays import Array, paired


def distances(first: Array, second: Array, power: float = 2.0) -> Tensor:
    """(n,) distance of each sample's two views after normalisation, to a power; in [0, 2^power]."""
    one, other = paired(first, second)
    return (F.normalize(one, dim=1) - F.normalize(other, dim=1)).norm(dim=1).pow(power)


def alignment(first: Array, second: Array, power: float = 2.0) -> float:
    """`E |f(x) - f(x')|^power` over pairs of views, on the unit sphere; smaller is closer.

    Law: 0 for equal views (and at collapse: read it beside uniformity), 2 on average for independent views, 4 for opposite
    ones (power 2). Rotation of both and scaling of any row change nothing.

    Source: Wang and Isola: Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, 2020.

    Parameters
    ----------
    first, second : (n, dim), finite; row i of both is one sample.
    """
    return float(distances(first, second, power).mean())
