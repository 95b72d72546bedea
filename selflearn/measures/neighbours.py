"""Cosine nearest neighbours and the class they vote for. Exact, and in chunks: never an n x n matrix in memory."""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor
from torch.nn import functional as F

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, matrix

CHUNK_VALUES = 16_000_000  # similarities held at once: 64 MB
BLOCK = 16_384  # rows of the bank compared at once: a larger bank would be read from memory again for every few queries


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
    if len(known) > BLOCK and known.device.type == "cpu" and known.dtype == torch.float32 and find_spec("faiss") is not None:
        return _by_faiss(wanted, known, k, skipped)
    similarities, indices = [], []
    size = max(1, CHUNK_VALUES // min(len(known), BLOCK))
    for start in range(0, len(wanted), size):
        part = slice(start, start + size)
        similarity, index = _best(wanted[part], known, k, None if skipped is None else skipped[part])
        similarities.append(similarity)
        indices.append(index)
    return torch.cat(similarities), torch.cat(indices)


def _by_faiss(wanted: Tensor, known: Tensor, k: int, skipped: Tensor | None) -> tuple[Tensor, Tensor]:
    """The same by faiss, whose exact search is several times faster on a CPU."""
    import faiss

    index = faiss.IndexFlatIP(known.shape[1])
    index.add(known.contiguous().numpy())
    found, rows = (torch.from_numpy(each) for each in index.search(wanted.contiguous().numpy(), k + (skipped is not None)))
    if skipped is not None:  # its own row goes behind all others, which keep their order
        order = (rows == skipped[:, None]).int().argsort(dim=1, stable=True)[:, :k]
        found, rows = found.gather(1, order), rows.gather(1, order)
    return found, rows


def _best(wanted: Tensor, known: Tensor, k: int, skipped: Tensor | None) -> tuple[Tensor, Tensor]:
    """The k best of all blocks of the bank; of each, only as many are kept as could still be among them."""
    best = wanted.new_empty(len(wanted), 0), torch.empty(len(wanted), 0, dtype=torch.int64, device=known.device)
    for first in range(0, len(known), BLOCK):
        cosines = wanted @ known[first : first + BLOCK].T
        if skipped is not None:
            inside = torch.nonzero((skipped >= first) & (skipped < first + BLOCK)).flatten()
            cosines[inside, skipped[inside] - first] = -torch.inf
        similarity, index = cosines.topk(min(k, cosines.shape[1]), dim=1)
        similarity, index = torch.cat([best[0], similarity], dim=1), torch.cat([best[1], index + first], dim=1)
        similarity, chosen = similarity.topk(min(k, similarity.shape[1]), dim=1)
        best = similarity, index.gather(1, chosen)
    return best


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
