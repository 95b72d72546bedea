"""Cosine nearest neighbours and the class they vote for. Exact, and in chunks: never an n x n matrix in memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, matrix

CHUNK_VALUES = 16_000_000  # similarities held at once: 64 MB


def nearest(queries: Array, bank: Array, k: int = 20, skip: Array | None = None) -> tuple[Tensor, Tensor]:
    """The k most similar rows of a bank by cosine.

    Law: rotation of everything and positive scaling of any row change nothing.

    Parameters
    ----------
    queries : (n, dim), finite.
    bank : (m, dim), finite; k is at most m (m - 1 with `skip`).
    skip : (n,) the bank's row that each query must not find (itself, for leave-one-out), or None.

    Returns
    -------
    (n, k) cosines, largest first, and (n, k) int64 rows of the bank.
    """
    wanted, known = F.normalize(matrix(queries, "queries"), dim=1), F.normalize(matrix(bank, "bank"), dim=1)
    if not 0 < k <= len(known) - (skip is not None):
        raise DataError(f"k = {k} neighbours cannot be found among {len(known)} samples")
    skipped = None if skip is None else torch.as_tensor(skip, device=known.device)
    similarities, indices = [], []
    size = max(1, CHUNK_VALUES // len(known))
    for start in range(0, len(wanted), size):
        cosines = wanted[start : start + size] @ known.T
        if skipped is not None:
            cosines.scatter_(1, skipped[start : start + size, None], -torch.inf)
        similarity, index = cosines.topk(k, dim=1)
        similarities.append(similarity)
        indices.append(index)
    return torch.cat(similarities), torch.cat(indices)


def vote(similarities: Tensor, neighbour_labels: Tensor, classes: int, temperature: float | None = 0.1) -> Tensor:
    """The class each sample's neighbours vote for.

    A neighbour's weight is `exp(cosine / temperature)`; without a temperature every neighbour has one vote. A draw goes to
    the smallest class number.

    Source: Wu, Xiong, Yu, Lin: Unsupervised Feature Learning via Non-Parametric Instance Discrimination, 2018
    (temperature 0.07; 0.1 is what most later code bases take).

    Parameters
    ----------
    similarities : (n, k) cosines.
    neighbour_labels : (n, k) class numbers in [0, classes).
    """
    # the largest cosine of a row is subtracted: the same vote, and no overflow at small temperatures
    lag = similarities - similarities[:, :1]
    weights = torch.ones_like(lag) if temperature is None else (lag / temperature).exp()
    votes = weights.new_zeros(len(weights), classes).scatter_add_(1, neighbour_labels, weights)
    return votes.argmax(1)


def knn_predict(
    queries: Array,
    bank: Array,
    labels: Array,
    k: int = 20,
    temperature: float | None = 0.1,
    skip: Array | None = None,
) -> Tensor:
    """(n,) the class that the k nearest labelled samples vote for (`nearest` and `vote` in one).

    Parameters
    ----------
    labels : (m,) class numbers >= 0 of the bank. Fewer than k samples in the bank make k smaller.
    """
    known = torch.as_tensor(labels).long()
    k = min(k, len(known) - (skip is not None))
    similarities, indices = nearest(queries, bank, k, skip)
    known = known.to(indices.device)
    return vote(similarities, known[indices], int(known.max()) + 1, temperature)
