"""Joint embedding: does what each method claims to need, or to do without, show in its features?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from selflearn.data import split
from selflearn.evaluation.probes import best_strength, linear, scale
from selflearn.evidence.arms import Learned, Untrained, dull
from selflearn.evidence.corruption import CORRUPTIONS, Corrupted
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject, outputs, scorecard
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, Tuning, beats, better
from selflearn.measures.rank import rankme
from selflearn.methods.labels.cross_entropy import CrossEntropy

DULL = ("raw", "pca", "untrained")
FEW = "16 labels a class"
NARROW: dict[str, Any] = {"encoder": {"name": "resnet-narrow", "width": 24}, "batch": 128}  # a quarter of the default's work


def with_outputs(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard, and of what the method itself compares: effective rank, and deviation (the mean over outputs)."""
    scores = scorecard(data, subject, seed)
    if subject.method is not None:
        compared = outputs(data.learn, subject.method)
        scores["output rank"] = rankme(compared)
        scores["output deviation"] = float(compared.std(0).mean())
    return scores


def lost(measure: str, arm: str, without: str, margin: float) -> Contrast:
    """The share of a measure of `arm` that is lost by the arm `without` one of its terms."""

    def share(scores: Scores) -> float:
        return 1 - scores[without][measure] / scores[arm][measure]

    return Contrast(f"share of the {measure} lost: {without}", margin, share, f"1 - {without} [{measure}] / {arm} [{measure}]")


# Barlow Twins: Self-Supervised Learning via Redundancy Reduction

BARLOW = Learned("barlow-twins", NARROW, score=with_outputs)

barlow_twins = Experiment(
    name="barlow-twins",
    systems=("S029",),
    claim=(
        "Without negatives or a teacher, and with a batch of 32 as well as one of 128, it learns features from which 16 labels a "
        "class read at least two points more than from raw pixels, PCA or the untrained encoder; without its redundancy term the "
        "outputs lose at least half of their rank"
    ),
    data="digits",
    arms={
        "barlow-twins": BARLOW,
        "batch of 32": Learned("barlow-twins", {**NARROW, "batch": 32}, score=with_outputs),
        "no redundancy term": Learned("barlow-twins", {**NARROW, "redundancy": 0.0}, score=with_outputs),
        **dull(BARLOW),
    },
    contrasts=(
        *beats("barlow-twins", DULL, FEW, margin=0.02),
        *beats("batch of 32", DULL, FEW, margin=0.02),
        lost("output rank", "barlow-twins", "no redundancy term", margin=0.5),
    ),
    seeds=range(10, 18),
    quick=Size(samples=1_000, budget="80steps", seeds=3),
    full=Size(samples=1_000, budget="200steps"),
)


# LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics

BODIES: dict[str, dict[str, Any]] = {
    "narrow network": NARROW,
    "network of 18 layers": {"encoder": {"name": "resnet18", "stem": "standard"}, "batch": 128},
    "vision transformer": {"encoder": {"name": "vit-tiny", "width": 64, "depth": 4, "heads": 4}, "batch": 128},
}
LEJEPA = {body: Learned("lejepa", changes, score=with_outputs) for body, changes in BODIES.items()}

lejepa = Experiment(
    name="lejepa",
    systems=("S070",),
    claim=(
        "With one and the same weight of its only trade-off, and no teacher, predictor or stop-gradient, it teaches three unlike "
        "architectures: 16 labels a class read at least two points more from each than from the same one untrained, and from the "
        "narrow network more than from raw pixels and PCA; without the push towards a Gaussian at least two points are lost, and "
        "nine tenths of the outputs' deviation"
    ),
    data="digits",
    arms={
        **LEJEPA,
        "no push towards a Gaussian": Learned("lejepa", {**NARROW, "gaussianity": 0.0}, score=with_outputs),
        **{f"untrained {body}": Untrained(arm) for body, arm in LEJEPA.items()},
        **{name: arm for name, arm in dull(LEJEPA["narrow network"]).items() if name != "untrained"},
    },
    contrasts=(
        *(better(body, f"untrained {body}", FEW, margin=0.02) for body in BODIES),
        *beats("narrow network", ("raw", "pca", "no push towards a Gaussian"), FEW, margin=0.02),
        lost("output deviation", "narrow network", "no push towards a Gaussian", margin=0.9),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="80steps", seeds=3),
    full=Size(samples=1_000, budget="200steps"),
)


# Supervised Contrastive Learning


def clean_and_corrupted(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """Accuracy on the test part as it is, and the mean over three corruptions of it, of a linear probe trained on clean features.

    A method that trained a classifier of its own is also read through that.
    """
    tests = [data.test, *(Corrupted(data.test, corruption, seed) for corruption in CORRUPTIONS)]
    train, labels = torch.from_numpy(subject.features(data.learn)), torch.from_numpy(data.learn.labels)
    vectors = torch.from_numpy(np.concatenate([subject.features(test) for test in tests]))
    classes = len(data.learn.facts.classes)
    fit, check = split(data.learn.labels, test=0.2, seed=seed)
    scaled, scaled_tests = scale(train, vectors, "standardised")
    strength, _ = best_strength(scaled, labels, classes, fit, check)
    predictions = {"linear probe": linear(scaled, labels, scaled_tests, classes, strength)}
    if isinstance(subject.method, CrossEntropy):
        with torch.no_grad():
            predictions["own classifier"] = subject.method.head(vectors).argmax(1)
    truth = torch.from_numpy(data.test.labels).repeat(len(tests))
    scores = {}
    for reader, predicted in predictions.items():
        right = (predicted == truth).float().reshape(len(tests), -1).mean(1)
        scores[f"clean, {reader}"], scores[f"corrupted, {reader}"] = float(right[0]), float(right[1:].mean())
    return scores


def over_cross_entropy(condition: str, reader: str, margin: float) -> Contrast:
    """SupCon's features read by a linear probe, against what cross-entropy learned, read by `reader`."""

    def difference(scores: Scores) -> float:
        return scores["supcon"][f"{condition}, linear probe"] - scores["cross-entropy"][f"{condition}, {reader}"]

    formula = f"supcon [{condition}, linear probe] - cross-entropy [{condition}, {reader}]"
    return Contrast(f"supcon minus cross-entropy ({reader}), {condition}", margin, difference, formula)


# Both arms get the best of one grid of learning rates, by the accuracy on clean pictures of the reader that the claim is about.
RATES = Tuning(
    setting="optimiser.lr",
    grid=(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016),
    seeds=range(100, 104),
    judged={"supcon": "clean, linear probe", "cross-entropy": "clean, own classifier"},
    chosen={"supcon": 0.002, "cross-entropy": 0.001},
)
RATED: dict[str, dict[str, Any]] = {
    name: {**NARROW, "schedule": {"warmup": 0.05, "final": 0.0}, RATES.setting: rate} for name, rate in RATES.chosen.items()
}

supcon = Experiment(
    name="supcon",
    systems=("S335",),
    claim=(
        "With the same encoder, views, labels, updates and optimiser, each at the best of one grid of learning rates, a linear "
        "classifier on its features is more accurate than training by cross-entropy (and not half a point behind a linear probe of "
        "that encoder), and stays more accurate on noisy, faded and occluded pictures"
    ),
    data="digits",
    arms={
        "supcon": Learned("supcon", RATED["supcon"], score=clean_and_corrupted),
        "cross-entropy": Learned("cross-entropy", RATED["cross-entropy"], score=clean_and_corrupted),
    },
    contrasts=(
        over_cross_entropy("clean", "own classifier", margin=0.0),
        over_cross_entropy("clean", "linear probe", margin=-0.005),
        over_cross_entropy("corrupted", "own classifier", margin=0.0),
    ),
    # Seeds 10 to 14 were looked at with 60 updates, where the claim did not hold (corrupted: 0.072 behind), and 20 to 25 with 300
    # updates and cross-entropy at one untuned rate (inconclusive). Both arms were tuned after that; so other seeds measure.
    seeds=range(30, 46),
    quick=Size(samples=1_000, budget="150steps", seeds=4),
    full=Size(samples=1_000, budget="300steps"),
    tuning=RATES,
)
