"""Every method on every kind of data, each for some updates: above its untrained encoder or not. A smoke table, no comparison.

python -m benchmarks.matrix [--steps 120] [--kinds sound text] [--methods simclr mae]   (about an hour in all; kept cell by cell)
python -m benchmarks.matrix --page                                                      (only writes docs/matrix.md)

The budget is updates and not seconds, so that what else the machine does changes no cell.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import RESULTS, keep
from benchmarks.kinds import KINDS, Sample, each
from selflearn import recipes, views
from selflearn.data import Dataset, split, subset
from selflearn.errors import SelflearnError
from selflearn.evaluation import evaluate, judge
from selflearn.training import Budget, calibrate, embed

METHODS = ("simclr", "barlow-twins", "vicreg", "byol", "lejepa", "mae", "data2vec")
PAGE = Path(__file__).parents[1] / "docs" / "matrix.md"
MOST = 1_500  # samples of a data set: a cell lasts seconds
FEW = "4 labels a class"
SIGNS = {"learned": "above", "did not learn": "not above", "collapsed": "collapsed", "diverged": "diverged"}

HEAD = """# Methods and kinds of data

Any method runs on any kind of data where the combination makes sense. Each cell below is a short run with a recipe's small
preset on at most 1,500 samples, measured on a held-out fifth: the accuracy of a vote of the nearest neighbours, then that of a
linear probe with four labels a class; each the encoder's and, after "from", its untrained twin's. **above** is the verdict
"learned": better than the twin by more than chance in one of the two, and worse in neither. "not above" is what too short a run,
too few samples or a poor match of method and data look like alike. It is a smoke table: a minute of learning tells that a
combination works, not which is best; the real comparisons are on the [page of measurements](benchmarks.md).
"""


def cell(dataset: Dataset, recipe: str, steps: int, seed: int) -> dict[str, Any]:
    """Learn for so many updates; the verdict, and the accuracies it rests on."""
    chosen = recipes.load(recipe, "small", kind=dataset.spec.kind)
    encoder = recipes.build_encoder(chosen.stages[0], dataset.spec, seed, accelerator=False)
    learn, held_out = split(dataset.labels, dataset.facts.groups, test=0.2, seed=seed)
    outcome = recipes.run_plan(chosen, subset(dataset, learn), encoder, Budget.parse(f"{steps}steps"), seed)
    if outcome.alarm is not None and outcome.alarm.kind == "diverged":
        return {"verdict": "diverged", "encoder": encoder.settings["name"]}
    untrained = recipes.build_twin(chosen.stages[0], encoder, seed)
    plain = views.plain(dataset.spec)
    calibrate(untrained, subset(dataset, learn), plain, seed)
    features = {"encoder": embed(encoder, dataset, plain), "untrained": embed(untrained, dataset, plain)}
    features["raw"] = dataset.raw(np.arange(len(dataset)))
    card = evaluate(features, dataset.labels, dataset.facts.groups, test=held_out, seed=seed)
    verdict = judge(card, outcome.alarm)
    return {
        "verdict": verdict.kind,
        "encoder": encoder.settings["name"],
        "steps": outcome.stages[-1].step,
        **{
            measure: {name: round(card.value(name, asked), 3) for name in ("encoder", "untrained", "raw")}
            for measure, asked in (("knn", "knn"), ("few", FEW))
            if card.find("encoder", asked) is not None
        },
    }


def kept() -> dict[str, Any]:
    """The cells that are kept; none at first."""
    file = RESULTS / "matrix" / "matrix.json"
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.exists() else {}
    return table


def fill(steps: int, kinds: list[str] | None, methods: list[str] | None, seed: int) -> dict[str, Any]:
    """The cells asked for, laid over those that are kept."""
    table = kept()

    def run(name: str, sample: Sample) -> None:
        dataset = sample.read()
        if len(dataset) > MOST and not name.startswith("graph"):
            dataset = subset(dataset, np.sort(np.random.default_rng(seed).permutation(len(dataset))[:MOST]))
        for method in methods or METHODS:
            began = time.perf_counter()
            try:
                found = cell(dataset, method, steps, seed)
            except SelflearnError as error:
                found = {"verdict": "impossible", "why": str(error)}
            table.setdefault(name, {})[method] = {**found, "seconds": round(time.perf_counter() - began)}
            keep("matrix/matrix", table, show=False)
            print(name, method, table[name][method], flush=True)

    each(kinds, run)
    return table


def page(table: dict[str, Any]) -> str:
    """docs/matrix.md."""
    if not table:
        return f"{HEAD}\nNo cell is filled yet.\n"
    methods = [method for method in METHODS if any(method in row for row in table.values())]
    lines = [HEAD, "| kind | " + " | ".join(methods) + " |", "|---|" + "---|" * len(methods)]
    reasons: dict[str, str] = {}
    for name in (name for name in KINDS if name in table):
        cells = [_shown(table[name].get(method), reasons) for method in methods]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if reasons:
        lines += ["", "Where a combination makes no sense:", ""]
        lines += [f"{mark}. {why}" for why, mark in reasons.items()]
    lines += ["", "Made by `python -m benchmarks.matrix`, which keeps its cells in `benchmarks/results/matrix/matrix.json`.", ""]
    return "\n".join(lines)


def _shown(found: dict[str, Any] | None, reasons: dict[str, str]) -> str:
    if found is None:
        return "not run"
    if found["verdict"] == "impossible":
        mark = reasons.setdefault(found["why"], str(len(reasons) + 1))
        return f"none ({mark})"
    if "knn" not in found:
        return SIGNS[found["verdict"]]
    sign = f"**{SIGNS[found['verdict']]}**" if found["verdict"] == "learned" else SIGNS[found["verdict"]]
    pairs = (found[measure] for measure in ("knn", "few") if measure in found)
    return f"{sign} " + ", ".join(f"{100 * pair['encoder']:.1f} from {100 * pair['untrained']:.1f}" for pair in pairs)


def main() -> None:
    """Fill the table, keep it, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--kinds", nargs="*")
    parser.add_argument("--methods", nargs="*", choices=METHODS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", action="store_true", help="only write the page from what is kept")
    asked = parser.parse_args()
    if asked.page:
        table = kept()
    else:
        table = fill(asked.steps, asked.kinds, asked.methods, asked.seed)
        keep("matrix/matrix", table, show=False)
    PAGE.write_text(page(table), encoding="utf-8")


if __name__ == "__main__":
    main()
