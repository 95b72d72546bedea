"""The one score by which candidates of a rung are compared, and those that were tried and are measured beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

Found = Mapping[str, Mapping[str, float]]
"""Candidate -> its label-free scores, by name."""


def alone(name: str, better: Callable[[float], float] = lambda value: value) -> Callable[[Found], dict[str, float]]:
    """Candidate -> one of its scores, turned so that more is better; where it could not be taken, less than any other."""
    return lambda found: {each: better(values[name]) if name in values else -math.inf for each, values in found.items()}


def places(*names: str) -> Callable[[Found], dict[str, float]]:
    """Candidate -> its mean place in several scores: 1 for the first in all of them, 0 for the last; equals share their places."""

    def rule(found: Found) -> dict[str, float]:
        total = dict.fromkeys(found, 0.0)
        for name in names:
            values = {each: scores.get(name, -math.inf) for each, scores in found.items()}
            for each, value in values.items():
                below = sum(other < value for other in values.values()) + (sum(other == value for other in values.values()) - 1) / 2
                total[each] += below / max(1, len(values) - 1)
        return {each: value / len(names) for each, value in total.items()}

    return rule


SCORES: dict[str, Callable[[Found], dict[str, float]]] = {
    "lidar": alone("lidar"),
    "self retrieval": alone("self retrieval"),
    "lidar and self retrieval": places("lidar", "self retrieval"),
    "rankme": alone("rankme"),
    "neighbours": alone("neighbours"),
    "clusters": alone("clusters"),
    "spectrum decay near 1": alone("spectrum decay", lambda value: -abs(value - 1)),
    "uniformity": alone("uniformity", lambda value: -value),
}
"""Everything that was tried, by name; benchmarks/tune.py measures them all."""

BOTH = ("lidar", "self retrieval")
CHOSEN = BOTH[0]
"""What decides: of the embedding's directions, how many tell samples apart by more than views move them.

A direction that only views move does not count, as it does in RankMe; nor is it enough that the views of a sample find each other
(self retrieval), for which one trick a sample does. It was taken because its publication found it to agree with linear probes over
sweeps of contrastive, distilling and predictive methods better than ranks of the covariance do, and because on three development
sets (a table, questions, outlines of bones) it alone agreed with them on each. What it does elsewhere, benchmarks/tune.py measures.
"""


def score(found: Found) -> dict[str, float]:
    """Candidate -> the score that decides; more is better, and 0 is of those for whom it could not be taken."""
    return {name: value if math.isfinite(value) else 0.0 for name, value in SCORES[CHOSEN](found).items()}


def ahead(scores: Mapping[str, float], default: Mapping[str, float]) -> bool:
    """Whether a candidate may take the place of the default: both LiDAR and self retrieval are above the default's.

    The two err in opposite ways. LiDAR is large where little was learned yet (random directions also tell samples apart), self
    retrieval where each sample is known by something of its own that no class shares.
    """
    return all(scores.get(name, -math.inf) > default.get(name, -math.inf) for name in BOTH)
