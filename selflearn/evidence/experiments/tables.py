"""Tables: what is learned from rows nobody labelled, and what keeps it from collapsing."""

from __future__ import annotations

from typing import Any

from selflearn.evidence.arms import Learned, dull
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject, outputs, scorecard
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, better
from selflearn.measures.rank import rankme

FEW = "16 labels a class"


def with_predictions(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard, and the effective rank of what the method predicts of one hidden column of each row."""
    scores = scorecard(data, subject, seed)
    if subject.method is not None:
        scores["prediction rank"] = rankme(outputs(data.learn, subject.method, views=1))
    return scores


# T-JEPA: Augmentation-Free Self-Supervised Learning for Tabular Data

COLUMNS: dict[str, Any] = {"name": "ft-transformer", "width": 64, "depth": 2, "heads": 4}
T_JEPA = Learned("t-jepa", {"encoder": {**COLUMNS, "extra": 1}}, score=with_predictions, kind="table")


def rank_lost(scores: Scores) -> float:
    """The share of the predictions' effective rank that is lost with targets as they are."""
    return 1 - scores["targets as published"]["prediction rank"] / scores["t-jepa"]["prediction rank"]


t_jepa = Experiment(
    name="t-jepa",
    systems=("S021",),
    claim=(
        "Without any augmentation, and in 150 updates, it learns features of a census table from which 16 labels a class read at "
        "least two points more than from the untrained encoder, and no more than one point less than from the raw columns or PCA; "
        "for that its targets are normalised over the batch: as published, with one regularisation token, its predictions have "
        "less than half of the effective rank"
    ),
    data="adult",
    arms={
        "t-jepa": T_JEPA,
        "targets as published": Learned(
            "t-jepa", {"encoder": {**COLUMNS, "extra": 1}, "normalised": "no"}, score=with_predictions, kind="table"
        ),
        **dull(T_JEPA),
    },
    contrasts=(
        better("t-jepa", "untrained", FEW, margin=0.02),
        better("t-jepa", "raw", FEW, margin=-0.01),
        better("t-jepa", "pca", FEW, margin=-0.01),
        Contrast("share of the prediction rank lost: targets as published", 0.5, rank_lost),
    ),
    seeds=range(10, 15),
    quick=Size(samples=2_000, budget="60steps", seeds=3, tested=2_000),
    full=Size(samples=2_000, budget="150steps", tested=2_000),
)
