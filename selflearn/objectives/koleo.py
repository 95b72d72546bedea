"""KoLeo: every embedding is pushed away from its nearest neighbour, so that a batch fills the sphere."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision

EPSILON = 1e-8  # two equal embeddings keep a finite loss and gradient


@full_precision
def koleo(embeddings: Tensor) -> Tensor:
    """``- mean_i log min_{j != i} |z_i - z_j|`` of unit vectors: the Kozachenko-Leonenko estimate of entropy, up to constants.

    Parameters
    ----------
    embeddings : (batch, dim) any length; normalised here. At least two rows.

    Returns
    -------
    Tensor : scalar, >= -log 2: the least is reached where nearest neighbours are opposite, which two rows can do; large, but
        finite, where rows coincide.

    Source: Sablayrolles et al., "Spreading vectors for similarity search", 2019.
    """
    if embeddings.ndim != 2 or len(embeddings) < 2:
        raise RecipeError(f"koleo needs (batch, dim) of at least two rows, not {tuple(embeddings.shape)}")
    rows = F.normalize(embeddings, dim=1)
    with torch.no_grad():  # which row is nearest has no gradient; the distance to it has
        nearest = (rows @ rows.T).fill_diagonal_(-2.0).argmax(dim=1)
    return -((rows - rows[nearest]).square().sum(dim=1) + EPSILON**2).sqrt().add(EPSILON).log().mean()
