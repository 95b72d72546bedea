"""Measures that claim to judge a representation without labels."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from selflearn.evidence.arms import Learned
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject, outputs, scorecard
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size
from selflearn.measures.rank import rankme

NARROW: dict[str, Any] = {"encoder": {"name": "resnet-narrow", "width": 24}, "batch": 128}


def accuracy_and_rank(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard of the features, and RankMe of the method's outputs on what it learned from, which needs no labels."""
    scores = scorecard(data, subject, seed)
    if subject.method is not None:
        scores["output rank"] = rankme(outputs(data.learn, subject.method))
    return scores


# RankMe: Assessing the downstream performance of pretrained self-supervised representations by their rank.
# As the publication demands, ranks are compared between runs of one method only, and taken from its projected outputs.

RATES = (0.001, 0.004)
SWEEPS: dict[str, dict[str, Learned]] = {
    method: {
        f"{method}, {setting} {value:g}, rate {rate:g}": Learned(
            method, {**NARROW, setting: value, "optimiser.lr": rate}, score=accuracy_and_rank
        )
        for value, rate in product(values, RATES)
    }
    for method, setting, values in (
        ("simclr", "temperature", (0.02, 0.05, 0.1, 0.2, 0.5, 2.0)),
        ("vicreg", "covariance", (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)),
    )
}
FEW = "16 labels a class"


def picks(scores: Scores) -> list[tuple[float, np.ndarray]]:
    """For each method: what labels say of the setting that RankMe picks, and of all settings."""
    found = []
    for sweep in SWEEPS.values():
        best = max(sweep, key=lambda arm: scores[arm]["output rank"])
        found.append((scores[best][FEW], np.array([scores[arm][FEW] for arm in sweep])))
    return found


def behind_labels(scores: Scores) -> float:
    """RankMe's pick minus the setting that the measured labels themselves pick; the mean over methods."""
    return float(np.mean([pick - everything.max() for pick, everything in picks(scores)]))


def ahead_of_chance(scores: Scores) -> float:
    """RankMe's pick minus a setting drawn at random; the mean over methods."""
    return float(np.mean([pick - everything.mean() for pick, everything in picks(scores)]))


rankme_selection = Experiment(
    name="rankme",
    systems=("S346",),
    claim=(
        "Of twelve settings of SimCLR and of twelve of VICReg, the one whose outputs have the largest effective rank is on average "
        "not two points behind the one that the test labels choose (accuracy with 16 labels a class), and ahead of a setting drawn "
        "at random"
    ),
    data="digits",
    arms={name: arm for sweep in SWEEPS.values() for name, arm in sweep.items()},
    contrasts=(
        Contrast("RankMe's pick minus the labels' pick", -0.02, behind_labels),
        Contrast("RankMe's pick minus a random setting", 0.0, ahead_of_chance),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="40steps", seeds=3),
    full=Size(samples=1_000, budget="100steps"),
)
