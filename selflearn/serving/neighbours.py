"""Which samples to show with their nearest neighbours: the best, the typical and the worst, by a stated criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selflearn.measures.neighbours import nearest

MOST_QUERIES = 2_000  # candidates that are scored; more would choose no better


@dataclass(frozen=True)
class Query:
    """A sample and what the encoder holds to be like it.

    Attributes
    ----------
    role : "best", "typical" or "worst".
    index : the sample's row.
    score : what it was chosen by, see `Neighbourhood.criterion`.
    neighbours : (k,) rows, the most similar first; never the sample itself.
    similarities : (k,) cosines.
    """

    role: str
    index: int
    score: float
    neighbours: np.ndarray
    similarities: np.ndarray


@dataclass(frozen=True)
class Neighbourhood:
    """Queries in the order best, typical, worst; what they were chosen by, in words; and the mean score of all candidates."""

    criterion: str
    queries: list[Query]
    mean: float


def choose_queries(
    embeddings: np.ndarray, labels: np.ndarray | None = None, *, k: int = 8, each: int = 3, seed: int = 0
) -> Neighbourhood:
    """Choose queries and find their neighbours by cosine.

    With labels the score is the share of the k nearest labelled samples that carry the query's label; draws are broken by
    mean similarity. Without labels it is the mean similarity to the k nearest. Best and worst are the ends of that order,
    typical its middle; within a role no label is shown twice while there are others, and no sample is shown as a query twice.

    Parameters
    ----------
    embeddings : (n, dim).
    labels : (n,) class numbers, -1 where nobody knows; None or fewer than k + 1 known labels count as no labels.
    k : neighbours a query; made smaller where there are fewer samples.
    each : queries a role.
    seed : which candidates are drawn where there are more than 2,000.
    """
    vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
    known = np.arange(len(vectors)) if labels is None else np.flatnonzero(labels >= 0)
    labelled = labels is not None and len(known) > k
    if not labelled:
        known = np.arange(len(vectors))
    k = min(k, len(known) - 1)
    criterion = (
        f"share of the {k} nearest labelled samples with the same label"
        if labelled
        else f"mean similarity to the {k} nearest samples"
    )
    if k < 1:
        return Neighbourhood(criterion, [], float("nan"))
    candidates = np.sort(np.random.default_rng(seed).permutation(len(known))[:MOST_QUERIES])
    similarities, found = (tensor.numpy() for tensor in nearest(vectors[known[candidates]], vectors[known], k, skip=candidates))
    rows, found = known[candidates], known[found]
    closeness = similarities.mean(1)
    own = labels[rows] if labelled and labels is not None else None
    score = closeness if own is None or labels is None else (labels[found] == own[:, None]).mean(1)
    order = np.lexsort((rows, -closeness, -score))
    middle = order[np.argsort(np.abs(np.arange(len(order)) - len(order) // 2), kind="stable")]
    queries: list[Query] = []
    for role, ranked in (("best", order), ("typical", middle), ("worst", order[::-1])):
        taken = {query.index for query in queries}
        free = [position for position in ranked if rows[position] not in taken]
        for position in _varied(free, own, found, each):
            queries.append(Query(role, int(rows[position]), float(score[position]), found[position], similarities[position]))
    return Neighbourhood(criterion, queries, float(score.mean()))


def _varied(ranked: list[int], own: np.ndarray | None, found: np.ndarray, count: int) -> list[int]:
    """The first `count`, passing over repeated labels (without labels: repeated neighbourhoods) while others are left."""
    chosen: list[int] = []
    seen: set[int] = set()
    for position in ranked:
        mark = set(found[position].tolist()) if own is None else {int(own[position])}
        if len(chosen) < count and not mark & seen:
            chosen.append(position)
            seen |= mark
    return (chosen + [position for position in ranked if position not in chosen])[:count]
