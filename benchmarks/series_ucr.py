"""UCR/UEA archives: a frozen encoder of the training part, read by TS2Vec's support vector machine, beside dull descriptions.

python -m benchmarks.series_ucr [--sets GunPoint ECG200] [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from benchmarks.common import RESULTS, keep, settings_of
from selflearn import recipes
from selflearn.data import Dataset, read
from selflearn.training import Budget, calibrate, embed
from selflearn.views import plain

SETS = (
    "ItalyPowerDemand",
    "GunPoint",
    "ECG200",
    "ArrowHead",
    "BasicMotions",
    "PhalangesOutlinesCorrect",
    "RefrigerationDevices",
)
TS2VEC = {
    "ItalyPowerDemand": 0.961, "GunPoint": 0.980, "ECG200": 0.880, "ArrowHead": 0.823, "BasicMotions": 0.975,
    "PhalangesOutlinesCorrect": 0.819, "RefrigerationDevices": 0.616,
}  # fmt: skip
"""Accuracy of TS2Vec's own code under the same classifier; one seed, RefrigerationDevices after a third of its iterations."""
STRENGTHS = [10.0**power for power in range(-4, 5)]  # and no bound at all
CHANGES: dict[str, Any] = {"batch": 16}  # the smallest sets have 36 series: small batches make many updates of them
NAME = "series-ucr"


def steps_for(train: Dataset) -> int:
    """Updates that see as many series as TS2Vec's: 200 batches of 8, or 600 where the training part has over 100,000 numbers."""
    numbers = len(train) * train.batch([0]).values[0].numel()
    return (200 if numbers <= 100_000 else 600) * 8 // int(CHANGES["batch"])


def svm(features: np.ndarray, labels: np.ndarray) -> SVC:
    """The protocol of Yue et al., "TS2Vec", 2022: RBF kernel, its width by the features' variance, C by five-fold cross-validation
    inside the training part; no search where there are fewer than 50 series, or five of a class.
    """
    hard = SVC(C=np.inf, gamma="scale", max_iter=10_000_000)
    if len(labels) < 50 or len(labels) // len(np.unique(labels)) < 5:
        return hard.fit(features, labels)
    search = GridSearchCV(hard, {"C": STRENGTHS}, cv=5).fit(features, labels)
    found: SVC = search.best_estimator_
    return hard.fit(features, labels) if _wins(hard, features, labels, search.best_score_ * 5) else found


def _wins(machine: SVC, features: np.ndarray, labels: np.ndarray, mark: float) -> bool:
    """Whether the machine's accuracies in the five folds sum to more than `mark`.

    Without a bound on C features that two classes share let libsvm run to its ten million iterations, in each fold, and nearly all
    of a search's time went there: a fold is fitted only while the sum can still be reached, which chooses the same machine.
    """
    gained, left = 0.0, 5
    for learn, test in StratifiedKFold(5).split(features, labels):
        gained += float(machine.fit(features[learn], labels[learn]).score(features[test], labels[test]))
        left -= 1
        if gained + left <= mark + 1e-9:  # a tie is the milder machine's
            return False
    return True


def parts(name: str) -> tuple[Dataset, Dataset]:
    """The official training and test parts; the second is read as the first was."""
    root = os.environ.get("SELFLEARN_DATA")
    path = Path(root or ".", "ucr", f"{name}.npz")
    if root is None or not path.exists():
        sys.exit(f"{path} is not there: SELFLEARN_DATA must name the folder of the data sets")
    train = read(path, kind="series", more={"part": "train"}, cache=False)
    return train, read(path, kind="series", more={"part": "test"}, cache=False, like=train.spec)


def learned(train: Dataset, seed: int) -> tuple[Any, Any]:
    """The default recipe's encoder after learning from the training part, and its untrained twin."""
    stage = recipes.load("simclr", "small", CHANGES, "series")
    encoder = recipes.build_encoder(stage.stages[0], train.spec, seed, accelerator=False)
    recipes.run_plan(stage, train, encoder, Budget.parse(f"{steps_for(train)}steps"), seed, device="cpu", precision="32")
    untrained = recipes.build_twin(stage.stages[0], encoder, seed)
    calibrate(untrained, train, plain(train.spec), seed)
    return encoder, untrained


def accuracy(train: Dataset, test: Dataset, features: tuple[np.ndarray, np.ndarray]) -> float:
    """Of the support vector machine on the test part."""
    return round(float((svm(features[0], train.labels).predict(features[1]) == test.labels).mean()), 4)


def dull(train: Dataset, test: Dataset) -> dict[str, float]:
    """The input itself: 1-NN by Euclidean distance, and under the same machine; statistics of each series and its values."""
    raw = tuple(each.batch(np.arange(len(each))).values.flatten(1).numpy() for each in (train, test))
    described = tuple(each.raw(np.arange(len(each))) for each in (train, test))
    nearest = KNeighborsClassifier(1).fit(raw[0], train.labels).predict(raw[1])
    return {
        "1-NN Euclidean": round(float((nearest == test.labels).mean()), 4),
        "raw": accuracy(train, test, (raw[0], raw[1])),
        "statistics": accuracy(train, test, (described[0], described[1])),
    }


def measure(name: str, seeds: list[int], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One set: dull descriptions once, encoder and twin for each seed, told after each; what is kept is not measured again."""
    train, test = parts(name)
    settings = settings_of(recipes.load("simclr", "small", CHANGES, "series").stages[0], steps_for(train))
    found = kept if kept.get("settings") == settings else {"settings": settings, "encoder": {}, "untrained": {}}
    if "dull" not in found:
        found["dull"] = dull(train, test)
        print(name, found["dull"], flush=True)
    for seed in seeds:
        if str(seed) not in found["encoder"]:
            for kind, encoder in zip(("encoder", "untrained"), learned(train, seed), strict=True):
                vectors = tuple(embed(encoder, each, plain(train.spec), device="cpu") for each in (train, test))
                found[kind][str(seed)] = accuracy(train, test, (vectors[0], vectors[1]))
            print(name, seed, found["encoder"][str(seed)], found["untrained"][str(seed)], flush=True)
        yield found


def summary(sets: dict[str, Any]) -> dict[str, Any]:
    """Means over seeds and sets, beside TS2Vec's on the same sets."""
    whole = [name for name in SETS if name in sets]
    seeds = sorted(set.intersection(*(set(sets[name]["encoder"]) for name in whole)), key=int)
    means = {
        kind: [round(float(np.mean([sets[name][kind][seed] for name in whole])), 4) for seed in seeds]
        for kind in ("encoder", "untrained")
    }
    flat = {kind: round(float(np.mean([sets[name]["dull"][kind] for name in whole])), 4) for kind in sets[whole[0]]["dull"]}
    return {
        "sets": len(whole),
        "seeds": seeds,
        **{f"{kind}, mean": round(float(np.mean(values)), 4) for kind, values in means.items()},
        **{f"{kind}, each seed": values for kind, values in means.items()},
        **{f"{kind}, mean": value for kind, value in flat.items()},
        "TS2Vec, mean": round(float(np.mean([TS2VEC[name] for name in whole])), 4),
    }


def main() -> None:
    """Measure what is asked for, keep it with what was kept, print means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    asked = parser.parse_args()
    file = RESULTS / f"{NAME}.json"
    sets = json.loads(file.read_text(encoding="utf-8"))["figures"]["by set"] if file.exists() else {}
    for name in asked.sets:
        for found in measure(name, asked.seeds, sets.get(name, {})):
            sets[name] = found
            keep(NAME, {"summary": summary(sets), "by set": sets})


if __name__ == "__main__":
    main()
