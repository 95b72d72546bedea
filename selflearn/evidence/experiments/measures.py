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

RATES = (0.0002, 0.002)
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


def picked(scores: Scores, method: str) -> float:
    """What labels say of the setting that RankMe picks."""
    best = max(SWEEPS[method], key=lambda arm: scores[arm]["output rank"])
    return scores[best][FEW]


def against_oracle(method: str, margin: float) -> Contrast:
    """RankMe's pick minus the setting that is best by the very labels that are measured."""

    def gap(scores: Scores) -> float:
        return picked(scores, method) - max(scores[arm][FEW] for arm in SWEEPS[method])

    return Contrast(
        f"RankMe's pick minus the labels' pick, {method}", margin, gap, f"{FEW}: [largest output rank] - maximum, {method}"
    )


def against_chance(method: str, margin: float) -> Contrast:
    """RankMe's pick minus a setting drawn at random."""

    def gain(scores: Scores) -> float:
        return picked(scores, method) - float(np.mean([scores[arm][FEW] for arm in SWEEPS[method]]))

    return Contrast(
        f"RankMe's pick minus the mean setting, {method}", margin, gain, f"{FEW}: [largest output rank] - mean, {method}"
    )


rankme_selection = Experiment(
    name="rankme",
    systems=("S346",),
    claim=(
        "Among twelve settings of SimCLR and among twelve of VICReg, the one whose outputs have the largest effective rank is "
        "within two points of the one that test labels choose (accuracy with 16 labels a class), and better than a setting drawn "
        "at random"
    ),
    data="digits",
    arms={name: arm for sweep in SWEEPS.values() for name, arm in sweep.items()},
    contrasts=tuple(
        contrast for method in SWEEPS for contrast in (against_oracle(method, margin=-0.02), against_chance(method, margin=0.0))
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="40steps", seeds=2),
    full=Size(samples=1_000, budget="100steps"),
)
