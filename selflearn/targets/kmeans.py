"""k-means on the device, as a function of the vectors alone: ranks that hold equal vectors find equal centres."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.errors import RecipeError

MOST_PAIRS = 1 << 24
"""Distances that are held at once."""


@torch.no_grad()
def kmeans(vectors: Tensor, codes: int, iterations: int = 10) -> Tensor:
    """Centres of groups that lie close: ``min over centres of sum_i min_k |v_i - c_k|^2``, by Lloyd's steps.

    Centres begin as vectors that are drawn one after the other, each with a probability in proportion to its squared distance from
    those drawn before it, by a generator of its own. A centre nearest to no vector becomes the vector farthest from its own.

    Parameters
    ----------
    vectors : (n, dim).
    codes : how many centres, at most n.
    iterations : of Lloyd's, >= 0.

    Returns
    -------
    Tensor : (codes, dim) float32.

    Raises
    ------
    RecipeError : fewer vectors than centres.

    Source: Lloyd, "Least Squares Quantization in PCM", 1982; Arthur and Vassilvitskii, "k-means++: The Advantages of Careful
    Seeding", 2007.
    """
    vectors = vectors.float()
    if not 1 <= codes <= len(vectors):
        raise RecipeError(f"k-means finds between 1 and {len(vectors)} centres among {len(vectors)} vectors, not {codes}")
    centres = _seeds(vectors, codes)
    for _ in range(iterations):
        codes_of, distances = nearest(vectors, centres)
        counts = torch.bincount(codes_of, minlength=codes)
        sums = torch.zeros_like(centres).index_add_(0, codes_of, vectors)
        centres = sums / counts.clamp(min=1)[:, None]
        empty = (counts == 0).nonzero()[:, 0]
        centres[empty] = vectors[distances.topk(len(empty)).indices]
    return centres


@torch.no_grad()
def nearest(vectors: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """The number of each vector's nearest centre (n,) int64, and its squared distance (n,)."""
    lengths = centres.square().sum(dim=1)
    rows = max(1, MOST_PAIRS // max(1, len(centres)))
    with torch.autocast(vectors.device.type, enabled=False):  # two digits would not tell which is nearest
        found = [(lengths - 2 * part @ centres.T).min(dim=1) for part in vectors.split(rows) if len(part)]
    if not found:
        return torch.zeros(0, dtype=torch.long, device=vectors.device), vectors.new_zeros(0)
    distances = torch.cat([each.values for each in found]) + vectors.square().sum(dim=1)
    return torch.cat([each.indices for each in found]), distances.clamp(min=0)


def _seeds(vectors: Tensor, codes: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand(codes, generator=generator, dtype=torch.float64)
    chosen = [vectors[int(drawn[0] * len(vectors))]]
    distances = (vectors - chosen[0]).square().sum(dim=1)
    for share in drawn[1:].tolist():
        mass = distances.double().cumsum(dim=0)
        place = torch.searchsorted(mass, (share * mass[-1]).reshape(1), right=True).clamp(max=len(vectors) - 1)
        chosen.append(vectors[place[0]])
        distances = torch.minimum(distances, (vectors - chosen[-1]).square().sum(dim=1))
    return torch.stack(chosen)
