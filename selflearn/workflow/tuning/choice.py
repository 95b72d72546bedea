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
CHOSEN = "lidar and self retrieval"
"""What decides: the mean of a candidate's places in both.

LiDAR counts the directions that tell samples apart by more than views move them; its publication found it to agree with linear
probes over sweeps of contrastive, distilling and predictive methods better than ranks of the covariance do. Self retrieval asks
whether two views of a sample find each other. They err in opposite ways: LiDAR is large where little was learned yet (random
directions tell samples apart, too), self retrieval where each sample is known by something of its own that no class shares.
Of what was tried on three development sets (a table, questions, outlines of bones), choosing by the mean place, and giving up the
default only for who is ahead in both, gained most over a start that is any candidate. benchmarks/tune.py measures it elsewhere.
"""


def score(found: Found) -> dict[str, float]:
    """Candidate -> the score that decides, in [0, 1]; more is better."""
    return SCORES[CHOSEN](found)


def ahead(scores: Mapping[str, float], default: Mapping[str, float]) -> bool:
    """Whether a candidate may take the place of the default: both LiDAR and self retrieval are above the default's."""
    return all(scores.get(name, -math.inf) > default.get(name, -math.inf) for name in BOTH)
