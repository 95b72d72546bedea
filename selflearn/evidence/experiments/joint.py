"""Joint embedding: does what each method claims to need, or to do without, show in its features?"""

from __future__ import annotations

import numpy as np
import torch

from selflearn.data import few_labels
from selflearn.evaluation.probes import best_strength, linear, scale
from selflearn.evidence.arms import Learned, Untrained, dull
from selflearn.evidence.corruption import CORRUPTIONS, Corrupted
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject, outputs, scorecard
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, beats, better
from selflearn.measures.rank import rankme
from selflearn.methods.labels.cross_entropy import CrossEntropy

DULL = ("raw", "pca", "untrained")


def with_output_rank(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard, and the effective rank of what the method itself compares."""
    scores = scorecard(data, subject, seed)
    if subject.method is not None:
        scores["output rank"] = rankme(outputs(data.learn, subject.method))
    return scores


# S029 Barlow Twins

BARLOW = Learned("barlow-twins", score=with_output_rank)


def rank_lost_without_redundancy(scores: Scores) -> float:
    """The share of the outputs' rank that is lost where redundancy costs nothing."""
    return 1 - scores["no redundancy term"]["output rank"] / scores["barlow-twins"]["output rank"]


barlow_twins = Experiment(
    name="barlow-twins",
    systems=("S029",),
    claim=(
        "Without negatives, teacher or large batch it learns features from which 16 labels a class read more than from raw pixels, "
        "PCA or the untrained encoder; without its redundancy term the outputs lose at least half their rank"
    ),
    data="digits",
    arms={
        "barlow-twins": BARLOW,
        "batch of 64": Learned("barlow-twins", {"batch": 64}, score=with_output_rank),
        "no redundancy term": Learned("barlow-twins", {"redundancy": 0.0}, score=with_output_rank),
        **dull(BARLOW),
    },
    contrasts=(
        *beats("barlow-twins", DULL, "16 labels a class", margin=0.02),
        *beats("batch of 64", DULL, "16 labels a class", margin=0.02),
        Contrast("share of the output rank lost without the redundancy term", 0.5, rank_lost_without_redundancy),
    ),
    seeds=range(10, 20),
    quick=Size(samples=1_000, budget="150steps", seeds=3),
    full=Size(samples=1_000, budget="400steps"),
)
