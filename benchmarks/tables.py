"""A hundred labels on tables: an encoder that learned from the rows without labels, beside the raw columns, under the same heads.

python -m benchmarks.tables [--draws 20] [--development] [--encoders FOLDER] [--priors CLASSES NUMBERS]

For each table the encoder learns from the training rows alone, and stays as it is. Each draw takes 100 labelled training rows;
logistic or ridge regression, gradient boosting and a random forest are fitted on the raw columns and on the embedding, and scored
on rows of the test part: accuracy, or R2 for California. Beside each stands the mean of what the three say (of classes, their
probabilities), and under `both` the mean of what a head says of the raw columns and of the embedding.
With --priors, two runs that learned from prior:table (of classes, and of numbers) tell the same rows from the same labels in one
pass over the raw columns: networks that have seen no table of the world. Their mean with what the heads say stands beside it.
Settings were chosen with --development: other draws, scored on other training rows, never on the test part.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.common import keep
from selflearn import recipes
from selflearn.data import Dataset, read, subset
from selflearn.networks import Encoder, load_encoder, save_encoder
from selflearn.objectives import bar_mean
from selflearn.training import Budget, embed
from selflearn.views import plain
from selflearn.workflow import load
from selflearn.workflow.predicting import Context

LABELS = 100
DEVELOPMENT = 100  # draws of tuning are numbered from here
HEADS = ("linear", "boosting", "forest", "mean of the three")
OURS = ("both", "mean of the three")
PASS = "one pass"
WITH = ("raw and prior-fitted", "both and prior-fitted")


@dataclass(frozen=True)
class Task:
    """A table and what is told of it: the column of the target, and whether that is a number."""

    name: str
    file: str
    target: str
    regression: bool = False


TASKS = (
    Task("adult", "adult.parquet", "income"),
    Task("magic", "magic_gamma.parquet", "label"),
    Task("wine", "wine_quality.parquet", "quality"),
    Task("california", "california_housing.parquet", "median_house_value", regression=True),
)


@dataclass(frozen=True)
class Rows:
    """A table with its target, and which rows are for learning and for the test."""

    dataset: Dataset
    target: np.ndarray
    train: np.ndarray
    test: np.ndarray


def rows_of(task: Task) -> Rows:
    """The table, its target no input; the official test part where there is one, else a fixed quarter of the rows."""
    path = Path(os.environ.get("SELFLEARN_DATA", ".")) / "tabular" / task.file
    if not path.exists():
        sys.exit(f"{task.file} is not there: SELFLEARN_DATA must name the folder of the data sets")
    table = pq.read_table(path)
    dataset = read(table, kind="table", more={"leave_out": [task.target]})
    target = np.array(table[task.target].to_pylist())
    if "split" in table.column_names:
        part = np.array(table["split"].to_pylist())
        return Rows(dataset, target, np.flatnonzero(part == "train"), np.flatnonzero(part == "test"))
    shuffled = np.random.default_rng(0).permutation(len(target))
    return Rows(dataset, target, np.sort(shuffled[len(target) // 4 :]), np.sort(shuffled[: len(target) // 4]))


def encoder_of(task: Task, rows: Rows, steps: int, folder: Path | None) -> Encoder:
    """The encoder, learned from the training rows without labels; one kept in `folder` is taken as it is."""
    place = None if folder is None else folder / f"{task.name}-{steps}"
    if place is not None and place.exists():
        return load_encoder(place)
    recipe = recipes.load("vicreg", "small", {}, "table")
    learn = subset(rows.dataset, rows.train)
    encoder = recipes.build_encoder(recipe.stages[0], learn.spec, 0, accelerator=False)
    outcome = recipes.run_plan(recipe, learn, encoder, Budget.parse(f"{steps}steps"), 0, device="cpu", precision="32")
    if outcome.alarm is not None:
        sys.exit(f"{task.name}: learning was stopped as {outcome.alarm.kind}")
    if place is not None:
        save_encoder(encoder, place)
    return encoder


def answers(task: Task, features: np.ndarray, target: np.ndarray, asked: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What each head, fitted on a few rows, says of others: numbers, or (rows, classes) probabilities."""
    from sklearn import ensemble, linear_model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if task.regression:
        linear: Any = linear_model.RidgeCV(alphas=np.logspace(-1, 4, 11))
        boosting: Any = ensemble.GradientBoostingRegressor(max_features=0.3, random_state=seed)
        forest: Any = ensemble.RandomForestRegressor(200, max_features=0.5, random_state=seed)
    else:
        linear = linear_model.LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), cv=5, max_iter=300, scoring="neg_log_loss")
        if np.unique(target, return_counts=True)[1].min() < 5:  # too few of a class for folds that all have it
            linear = linear_model.LogisticRegression(C=0.1, max_iter=300)
        boosting = ensemble.GradientBoostingClassifier(max_features=0.3, random_state=seed)
        forest = ensemble.RandomForestClassifier(200, random_state=seed)
    said = {}
    for name, head in zip(HEADS, (make_pipeline(StandardScaler(), linear), boosting, forest), strict=False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence, and of options that scikit-learn will rename
            head.fit(features, target)
        said[name] = head.predict(asked) if task.regression else head.predict_proba(asked)
    return {**said, HEADS[3]: np.mean(list(said.values()), axis=0)}


def in_context(task: Task, runs: list[Path], features: np.ndarray, target: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """What a network that learned from a prior says of rows, from a few that are known."""
    encoder = load(runs[task.regression]).encoder
    if task.regression:
        return bar_mean(*Context(encoder, features, target.astype(np.float64)).bars(asked, "cpu")).numpy()
    return Context(encoder, features, np.unique(target, return_inverse=True)[1]).probabilities(asked, "cpu")


def score(task: Task, said: np.ndarray, classes: np.ndarray, truth: np.ndarray) -> float:
    """R2 of numbers, accuracy of probabilities."""
    if task.regression:
        return float(1 - ((said - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    return float((classes[said.argmax(axis=1)] == truth).mean())


def draw(rows: Rows, number: int, tested: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the labelled rows and of those that are scored."""
    shuffled = np.random.default_rng([number, 3]).permutation(rows.train)
    if number >= DEVELOPMENT:
        return shuffled[:LABELS], shuffled[LABELS : LABELS + tested]
    return shuffled[:LABELS], np.random.default_rng(1).permutation(rows.test)[:tested]


def measure(task: Task, arguments: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Features -> head -> the score of each draw."""
    rows = rows_of(task)
    inputs = {"raw": rows.dataset.raw(np.arange(len(rows.dataset)))}
    if arguments.steps:
        encoder = encoder_of(task, rows, arguments.steps, arguments.encoders)
        inputs["embedding"] = embed(encoder, rows.dataset, plain(rows.dataset.spec), device="cpu")
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(arguments.draws):
        seed = number + DEVELOPMENT * arguments.development
        labelled, tested = draw(rows, seed, arguments.tested)
        truth, classes = rows.target[labelled], np.unique(rows.target[labelled])
        said = {features: answers(task, vectors[labelled], truth, vectors[tested], seed) for features, vectors in inputs.items()}
        if arguments.steps:
            said["both"] = {head: (said["raw"][head] + said["embedding"][head]) / 2 for head in HEADS}
        if arguments.priors:
            told = in_context(task, arguments.priors, inputs["raw"][labelled], truth, inputs["raw"][tested])
            together = {f"{name} and prior-fitted": (said[name][HEADS[3]] + told) / 2 for name in ("raw", "both") if name in said}
            said["prior-fitted"] = {PASS: told}
            said.update({name: {HEADS[3]: answer} for name, answer in together.items()})
        for features, each in said.items():
            for head, answer in each.items():
                found.setdefault(features, {}).setdefault(head, []).append(score(task, answer, classes, rows.target[tested]))
    for features, scores in found.items():
        print(task.name, features, {head: round(float(np.mean(each)), 4) for head, each in scores.items()}, flush=True)
    return found


def summary(found: dict[str, dict[str, dict[str, list[float]]]]) -> dict[str, Any]:
    """Mean and deviation of each, the mean over tables of each arm, and ours against the best raw one on average."""
    figures: dict[str, Any] = {}
    average: dict[str, float] = {}
    for features, heads in next(iter(found.values())).items():
        for head in heads:
            arm = f"{features}, {head}"
            for task, scores in found.items():
                each = np.array(scores[features][head])
                figures.setdefault(task, {})[arm] = f"{each.mean():.3f} ±{each.std(ddof=1) if len(each) > 1 else 0:.3f}"
            average[arm] = float(np.mean([np.mean(scores[features][head]) for scores in found.values()]))
    figures["average"] = {arm: round(value, 4) for arm, value in average.items()}
    best = max((arm for arm in average if arm.startswith("raw, ")), key=lambda arm: average[arm])
    single = max((arm for arm in average if arm.startswith("raw, ") and not arm.endswith(HEADS[3])), key=lambda arm: average[arm])
    ours = [OURS, ("prior-fitted", PASS), *((name, HEADS[3]) for name in WITH)]
    for arm in [arm for arm in ours if ", ".join(arm) in average]:
        for name, other in (("best raw arm", best), ("best single raw head", single)):
            figures[f"{', '.join(arm)}, minus {name}"] = f"{_gain(found, arm, other)} ({other})"
    return figures


def _gain(found: dict[str, dict[str, dict[str, list[float]]]], arm: tuple[str, str], other: str) -> str:
    """The mean over draws of the difference of two arms' averages over tables, and two standard errors."""
    features, head = other.split(", ", 1)
    gains = np.mean([np.subtract(each[arm[0]][arm[1]], each[features][head]) for each in found.values()], axis=0)
    error = gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else 0.0
    return f"{gains.mean():+.4f} ±{2 * error:.4f}"


def main() -> None:
    """Measure all tables, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20, help="draws of 100 labels")
    parser.add_argument("--steps", type=int, default=300, help="updates of the encoder; 0 leaves it out")
    parser.add_argument("--tested", type=int, default=2000, help="rows that are scored, at most")
    parser.add_argument("--tables", nargs="*", choices=[task.name for task in TASKS], help="only these")
    parser.add_argument("--encoders", type=Path, help="a folder in which encoders are kept, and taken from")
    parser.add_argument("--priors", type=Path, nargs=2, metavar=("CLASSES", "NUMBERS"), help="runs that learned from prior:table")
    parser.add_argument("--development", action="store_true", help="score other draws on other training rows; keep nothing")
    arguments = parser.parse_args()
    found = {task.name: measure(task, arguments) for task in TASKS if not arguments.tables or task.name in arguments.tables}
    figures = summary(found)
    if arguments.development:
        print(figures)
    else:
        keep("tables" if arguments.steps else "tables-priors", figures)


if __name__ == "__main__":
    main()
