"""A flat map of embeddings: PCA to 50 dimensions, then t-SNE. Seeded, so that a report draws it in seconds and always alike."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from selflearn.errors import DataError

FEWEST = 30  # below this t-SNE's neighbourhoods are nearly everything, and PCA tells more
MOST_CLUSTERS = 8  # as many colours as an eye can tell apart without effort


def unit(embeddings: np.ndarray) -> np.ndarray:
    """(n, dim) float64 rows of length 1 (a zero row stays zero), so that distance means cosine.

    Raises
    ------
    DataError : not two-dimensional, or NaN or infinity among the values.
    """
    values = np.asarray(embeddings, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise DataError(
            f"embeddings must be (samples, dim) and finite, got {values.shape}; look at the training curves for divergence"
        )
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)


def embedding_map(embeddings: np.ndarray, seed: int = 0) -> tuple[np.ndarray, str]:
    """Lay embeddings out in the plane.

    Parameters
    ----------
    embeddings : (n, dim), n at most about 2,000 for an answer within ten seconds.
    seed : the same seed and embeddings give the same map, bit for bit.

    Returns
    -------
    (n, 2) positions in [0, 1], one scale for both axes; and the way they were made: "t-SNE", or "PCA" for few or nearly equal
    samples.

    Source: van der Maaten, Hinton: Visualizing Data using t-SNE, 2008.
    """
    rows = unit(embeddings)
    if len(rows) < 2:
        return np.full((len(rows), 2), 0.5), "PCA"
    components = min(50, len(rows), rows.shape[1])
    with threadpool_limits(1):  # sums of several threads differ in their last bit, which t-SNE blows up
        flat = PCA(components, random_state=seed).fit_transform(rows)
        way = "PCA"
        if len(rows) >= FEWEST and components >= 2 and flat[:, 0].std() > 1e-6:
            perplexity = min(30.0, (len(rows) - 1) / 3)
            flat = TSNE(
                2, perplexity=perplexity, init=flat[:, :2] / flat[:, 0].std() * 1e-4, max_iter=600, random_state=seed
            ).fit_transform(flat)
            way = "t-SNE"
    positions = np.zeros((len(rows), 2))
    positions[:, : min(2, flat.shape[1])] = flat[:, :2]
    low, high = positions.min(0), positions.max(0)
    return 0.5 + (positions - (low + high) / 2) / max(float((high - low).max()), 1e-12), way


def clusters(embeddings: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) int64 k-means clusters by cosine, the largest first: colours for a map where nobody gave labels."""
    rows = unit(embeddings)
    count = max(1, min(MOST_CLUSTERS, len(rows) // 10, len(np.unique(rows, axis=0))))
    with threadpool_limits(1):
        found = KMeans(count, n_init=4, random_state=seed).fit_predict(rows)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    return np.argsort(order)[found]
