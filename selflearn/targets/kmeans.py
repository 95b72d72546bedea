"""K-means: Lloyd's iterations, the same on every rank and device that holds the same vectors and draws from the same generator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive

SIMILARITIES = 1 << 24
"""Vectors are compared with all centroids some at a time: at most so many similarities at once."""


@torch.no_grad()
def kmeans(
    vectors: Tensor, clusters: int, generator: torch.Generator, iterations: int = 10, spherical: bool = False, apart: bool = False
) -> tuple[Tensor, Tensor]:
    """Clusters that (locally) minimise ``sum_i |x_i - c_{l(i)}|^2``; spherical, of unit vectors around unit centroids.

    Begins with vectors that are drawn without replacement, or apart from each other. A cluster that loses all its vectors begins
    anew with the one that is farthest from its centroid.

    Parameters
    ----------
    vectors : (n, dim), of any length where `spherical`.
    clusters : from 1 to n.
    generator : of the first centroids, on the CPU, so that every device draws alike.
    apart : each first centroid is drawn with a probability in proportion to its squared distance from those before it, which takes
        a pass over the vectors for each.
    iterations : >= 1; each lowers the sum, until nothing moves.

    Returns
    -------
    labels : (n,) int64, the nearest centroid of each vector.
    centroids : (clusters, dim) float32, the means of the last iteration; of length 1 where `spherical`.

    Raises
    ------
    RecipeError : more clusters than vectors.

    Source: Lloyd, "Least Squares Quantization in PCM", 1982; Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data
    Using Clustering", 2001 (spherical); Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007 (apart).
    """
    check_positive("kmeans", clusters=clusters, iterations=iterations)
    if clusters > len(vectors):
        raise RecipeError(f"{len(vectors)} samples cannot make {clusters} clusters; lower the number of clusters")
    with torch.autocast(vectors.device.type, enabled=False):
        vectors = F.normalize(vectors.float(), dim=1) if spherical else vectors.float()
        centroids = _seeds(vectors, clusters, generator) if apart else vectors[_drawn(vectors, clusters, generator)]
        for _ in range(iterations):
            labels, distances = nearest(vectors, centroids)
            sums, counts = _sums(vectors, labels, clusters)
            empty = counts == 0
            centroids = sums / counts.clamp(min=1)[:, None]
            if bool(empty.any()):
                centroids[empty] = vectors[distances.argsort(descending=True, stable=True)[: int(empty.sum())]]
            centroids = F.normalize(centroids, dim=1) if spherical else centroids
        return nearest(vectors, centroids)[0], centroids


@torch.no_grad()
def nearest(vectors: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) int64 the nearest of (clusters, dim) centroids for each of (n, dim) vectors, and (n,) the squared distance to it."""
    half = centroids.square().sum(1) / 2
    rows = max(1, SIMILARITIES // max(1, len(centroids)))
    with torch.autocast(vectors.device.type, enabled=False):  # two digits would not tell which is nearest
        found = [(part @ centroids.T - half).max(1) for part in vectors.split(rows) if len(part)]
    if not found:
        return torch.zeros(0, dtype=torch.int64, device=vectors.device), vectors.new_zeros(0)
    close = torch.cat([part.values for part in found])
    return torch.cat([part.indices for part in found]), (vectors.square().sum(1) - 2 * close).clamp(min=0)


def _drawn(vectors: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(len(vectors), generator=generator)[:clusters].to(vectors.device)


def _seeds(vectors: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """(clusters, dim) vectors that lie apart."""
    drawn = torch.rand(clusters, generator=generator, dtype=torch.float64)
    chosen = [vectors[int(drawn[0] * len(vectors))]]
    distances = (vectors - chosen[0]).square().sum(dim=1)
    for share in drawn[1:].tolist():
        mass = distances.double().cumsum(dim=0)
        place = torch.searchsorted(mass, (share * mass[-1]).reshape(1), right=True).clamp(max=len(vectors) - 1)
        chosen.append(vectors[place[0]])
        distances = torch.minimum(distances, (vectors - chosen[-1]).square().sum(dim=1))
    return torch.stack(chosen)


def _sums(vectors: Tensor, labels: Tensor, clusters: int) -> tuple[Tensor, Tensor]:
    """(clusters, dim) and (clusters,): by products with zeros and ones, for adding at indices has no fixed order on a GPU."""
    sums = vectors.new_zeros(clusters, vectors.shape[1])
    size = max(1, SIMILARITIES // clusters)
    for part, own in zip(vectors.split(size), labels.split(size), strict=True):
        sums += F.one_hot(own, clusters).to(part.dtype).T @ part
    return sums, labels.bincount(minlength=clusters)
