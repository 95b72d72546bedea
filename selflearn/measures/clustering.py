"""How far clusters found without labels agree with labels: k-means, then NMI and the adjusted Rand index."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, matrix


def kmeans(embeddings: Array, clusters: int, seed: int = 0) -> np.ndarray:
    """(n,) cluster numbers of k-means with k-means++ seeding, one start: repeat it over seeds.

    Parameters
    ----------
    embeddings : (n, dim), finite, n >= clusters.
    """
    values = matrix(embeddings).cpu().numpy()
    if not 1 <= clusters <= len(values):
        raise DataError(f"{clusters} clusters cannot be made of {len(values)} samples")
    with warnings.catch_warnings():
        # fewer distinct points than clusters leaves clusters empty, which the scores take as it is
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(KMeans(clusters, n_init=1, random_state=seed).fit_predict(values))


def nmi(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Normalised mutual information (arithmetic mean of the entropies): 1 for equal partitions, near 0 for independent ones."""
    return float(normalized_mutual_info_score(labels, clusters))


def ari(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Adjusted Rand index (Hubert and Arabie, 1985): 1 for equal partitions, 0 on average for random ones; may be negative."""
    return float(adjusted_rand_score(labels, clusters))
