"""Sensors of people whom the encoder never saw: activities from a chest accelerometer with 1 % of labels, actions from skeletons.

python -m benchmarks.series_sensors [--data chest skeletons] [--seeds 0 1 2] [--steps 600]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common import keep, kept, settings_of
from selflearn import recipes
from selflearn.data import Dataset, read
from selflearn.data.series.statistics import STATISTICS
from selflearn.networks.series_octaves import octave_energies, octaves_of
from selflearn.training import Budget, calibrate, embed
from selflearn.views import plain

DRAWS = 10  # of the hundredth of windows that have labels
WINDOW = 208  # four seconds
STRENGTHS = {"logisticregression__C": [0.001, 0.01, 0.1, 1.0, 10.0]}
CHANGES: dict[str, dict[str, Any]] = {
    "chest": {},
    "skeletons": {
        "batch": 32,
        "encoder": {"width": 64, "parts": 1, "statistics": True, "steps": True},  # chosen on subjects of the learning part
        # Gentle: chosen by cross-validation over the training part's subjects, where stronger changes taught less.
        "views": {"name": "standard", "rotation": 15.0, "crop": 0.8, "scaling": 0.1, "jitter": 0.05, "hiding": 0.0},
    },
}
PRESETS = {"chest": "worn", "skeletons": "small"}  # of SimCLR; that of worn sensors was chosen on subjects 1 to 12 alone
STEPS = {"chest": 600, "skeletons": 150}
Parts = tuple[np.ndarray, np.ndarray]


def file(*names: str) -> dict[str, np.ndarray]:
    """The arrays of a data set."""
    root = os.environ.get("SELFLEARN_DATA")
    path = Path(root or ".", *names)
    if root is None or not path.exists():
        sys.exit(f"{'/'.join(names)} is not there: SELFLEARN_DATA must name the folder of the data sets")
    with np.load(path) as content:
        return dict(content)


def through(folder: str, arrays: dict[str, np.ndarray], more: dict[str, Any], like: Any = None) -> Dataset:
    """Arrays read as a person's own file would be."""
    path = Path(folder, "part.npz")
    np.savez(path, **arrays)
    return read(path, kind="series", more=more, cache=False, like=like)


def chest() -> tuple[Dataset, Dataset]:
    """Windows of four seconds; subjects 13 to 15 are the test part."""
    whole = file("chest_accel", "chest_accel.npz")
    rows = whole["subject"] >= 13
    whole["x"] = whole["x"].astype(np.float32)

    def part(chosen: np.ndarray, folder: str, like: Any = None) -> Dataset:
        arrays = {name: whole[name][chosen] for name in ("x", "labels", "subject")}
        rest = {name: whole[name] for name in ("sample_rate", "class_names")}
        return through(folder, {**arrays, **rest}, {"window": WINDOW}, like)

    with tempfile.TemporaryDirectory() as folder:
        train = part(~rows, folder)
        return train, part(rows, folder, train.spec)


def skeletons() -> tuple[Dataset, Dataset]:
    """Sequences of joints; every second subject is the test part."""
    whole = file("msraction3d", "msraction3d.npz")

    def part(test: bool, folder: str, like: Any = None) -> Dataset:
        chosen = np.flatnonzero(whole["is_test"] == test)
        pieces = [whole["joints"][whole["offsets"][row] : whole["offsets"][row + 1]] for row in chosen]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
        arrays = {"joints": np.concatenate(pieces), "offsets": offsets, "class_names": whole["class_names"]}
        return through(folder, {**arrays, **{name: whole[name][chosen] for name in ("labels", "subject")}}, {}, like)

    with tempfile.TemporaryDirectory() as folder:
        train = part(False, folder)
        return train, part(True, folder, train.spec)


def learned(train: Dataset, test: Dataset, data: str, seed: int, steps: int) -> dict[str, Parts]:
    """Features of both parts by an encoder of the training part and by its untrained twin; where statistics are among them, also
    without these, and these alone.
    """
    recipe = recipes.load("simclr", PRESETS[data], CHANGES[data], "series")
    encoder = recipes.build_encoder(recipe.stages[0], train.spec, seed, accelerator=False)
    twin = recipes.build_twin(recipe.stages[0], encoder, seed)
    recipes.run_plan(recipe, train, encoder, Budget.parse(f"{steps}steps"), seed, device="cpu", precision="32")
    calibrate(twin, train, plain(train.spec), seed)
    found: dict[str, Parts] = {}
    for name, network in (("encoder", encoder), ("untrained", twin)):
        first, second = (embed(network, each, plain(train.spec), device="cpu") for each in (train, test))
        found[name] = first, second
        if not encoder.settings.get("statistics"):
            continue
        alone = recipes.load("simclr", "small", {**CHANGES[data], "encoder": {"statistics": False}}, "series").stages[0]
        width = recipes.build_encoder(alone, train.spec, seed, accelerator=False).dim
        found[f"{name} without statistics"] = first[:, :width], second[:, :width]
        found["the encoder's statistics alone"] = first[:, width:], second[:, width:]
    return found


def energies(data: Dataset) -> np.ndarray:
    """Mean octave energies of each channel: what the encoder octaves reads, before anything is learned."""
    values = plain(data.spec)(data.batch(np.arange(len(data))), torch.Generator()).values
    return octave_energies(values, None, octaves_of(values.shape[2]), values.shape[2]).squeeze(2).numpy()


def logistic(folds: Any) -> GridSearchCV:
    """Standardised features; the strength is chosen inside what has labels."""
    return GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), STRENGTHS, cv=folds)


def few_labels(train: Dataset, test: Dataset, features: Parts) -> dict[str, Any]:
    """Accuracy and macro-F1 of both classifiers with 1 % of labels, mean and deviation over draws."""
    scores: dict[str, list[tuple[float, float]]] = {"logistic": [], "forest": []}
    for draw in range(DRAWS):
        rows = np.random.default_rng([draw, 1]).permutation(len(train))[: len(train) // 100]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class of one label cannot be in every fold
            machines = {
                "logistic": logistic(StratifiedKFold(3, shuffle=True, random_state=0)),
                "forest": RandomForestClassifier(300, random_state=draw),
            }
            for name, machine in machines.items():
                told = machine.fit(features[0][rows], train.labels[rows]).predict(features[1])
                scores[name].append((float((told == test.labels).mean()), float(f1_score(test.labels, told, average="macro"))))
    found = {}
    for name, each in scores.items():
        (accuracy, f1), spread = np.mean(each, axis=0), np.std(each, axis=0)
        found[name] = {"accuracy": round(accuracy, 4), "deviation": round(float(spread[0]), 4), "macro-F1": round(f1, 4)}
    return {**found, "better of the two": max(found.values(), key=lambda each: each["accuracy"])}


def all_labels(train: Dataset, test: Dataset, features: Parts) -> dict[str, Any]:
    """Accuracy of a logistic regression; its strength is chosen on held-out subjects of the training part."""
    folds = list(GroupKFold(5).split(features[0], train.labels, train.facts.groups))
    told = logistic(folds).fit(features[0], train.labels).predict(features[1])
    return {"accuracy": round(float((told == test.labels).mean()), 4)}


def dull(train: Dataset, test: Dataset, data: str) -> dict[str, Any]:
    """Both parts' sizes, and what a classifier makes of descriptions that nothing was learned for."""
    score = few_labels if data == "chest" else all_labels
    described: Parts = (train.raw(np.arange(len(train))), test.raw(np.arange(len(test))))
    count = STATISTICS * len(train.spec.channels)  # type: ignore[attr-defined]
    return {
        "train": len(train),
        "test": len(test),
        "largest class": round(float(np.bincount(test.labels[test.labels >= 0]).max() / len(test)), 4),
        "statistics": score(train, test, (described[0][:, :count], described[1][:, :count])),
        "statistics and values": score(train, test, described),
        **({"octave energies": score(train, test, (energies(train), energies(test)))} if data == "chest" else {}),
    }


def main() -> None:
    """Dull descriptions, then each seed; kept after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=["chest", "skeletons"], choices=["chest", "skeletons"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help=f"updates; by default {STEPS}")
    asked = parser.parse_args()
    for data in asked.data:
        train, test = chest() if data == "chest" else skeletons()
        score = few_labels if data == "chest" else all_labels
        stage = recipes.load("simclr", PRESETS[data], CHANGES[data], "series").stages[0]
        steps = asked.steps or STEPS[data]
        figures = kept(f"series-{data}", settings_of(stage, steps))
        if "statistics" not in figures:
            figures |= dull(train, test, data)
            print(data, figures, flush=True)
        for seed in asked.seeds:
            if str(seed) in figures.get("encoder", {}):
                continue
            for name, features in learned(train, test, data, seed, steps).items():
                figures.setdefault(name, {})[str(seed)] = score(train, test, features)
            keep(f"series-{data}", figures)


if __name__ == "__main__":
    main()
