"""Tuning without labels against labels it never saw: data sets of three kinds, eight candidates each, all trained to the end.

python -m benchmarks.tune [--sets magic italy fashion] [--seed 0]   (nine minutes of one processor; kept set by set)
python -m benchmarks.tune --part dev                              (a set on which scores were tried)

Every candidate pauses at the rungs of the ladder and is scored and probed there, as `selflearn tune` does it; so the ladder of
every score can be climbed afterwards, and its choice held against the recipe default and the best candidate at the end of the
course. Budgets are in samples, so that what else the machine does changes nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import keep, kept
from selflearn.data import Dataset, read, subset
from selflearn.training import Budget
from selflearn.workflow.request import Request
from selflearn.workflow.tuning.bench import Bench
from selflearn.workflow.tuning.check import accuracy_at, correlation
from selflearn.workflow.tuning.choice import SCORES
from selflearn.workflow.tuning.ladder import Ladder
from selflearn.workflow.tuning.rungs import rungs
from selflearn.workflow.tuning.space import Candidate, draw
from selflearn.workflow.tuning.standing import Standing

CANDIDATES = 8


@dataclass(frozen=True)
class Set:
    """A data set: where it lies, how it is read, how much of it is taken, and the course that all candidates follow."""

    source: str
    course: str
    most: int = 6_000
    options: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)


SMALL: dict[str, Any] = {"batch": 64}
NARROW = {**SMALL, "encoder": {"name": "resnet-narrow", "width": 12}}
PARTS = {
    "test": {
        "fashion": Set("fashion_mnist/fashion_mnist.npz", "4000samples", 4_000, {"kind": "image"}, NARROW),
        "italy": Set("ucr/ItalyPowerDemand.npz", "10000samples", 6_000, {"kind": "series"}, SMALL),
        "magic": Set("tabular/magic_gamma.parquet", "40000samples", 8_000, {"kind": "table"}, {"batch": 128}),
    },
    "dev": {
        "adult": Set("tabular/adult.parquet", "15000samples", 5_000, {"kind": "table", "labels": "income"}, {"batch": 128}),
        "phalanges": Set("ucr/PhalangesOutlinesCorrect.npz", "6000samples", 6_000, {"kind": "series"}, SMALL),
    },
}


def material(chosen: Set) -> Dataset:
    """The samples of a set, or a random part of them."""
    place = chosen.source if chosen.source == "digits" else Path(os.environ["SELFLEARN_DATA"]) / chosen.source
    dataset = read(place, **chosen.options)
    if len(dataset) <= chosen.most:
        return dataset
    return subset(dataset, np.sort(np.random.default_rng(0).permutation(len(dataset))[: chosen.most]))


def courses(chosen: Set, seed: int) -> list[dict[str, Any]]:
    """Every candidate with its scores and its probe at each rung, the end of the course included."""
    dataset = material(chosen)
    request = Request.of(source=None, device="cpu", seed=seed, holdout=0.3, changes=chosen.changes)
    found = []
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(dataset, request, Path(place), Budget.parse(chosen.course))
        for each in draw(bench.dataset, len(bench.parts.learn), CANDIDATES, None, chosen.changes, False, seed):
            found.append(_course(each, dataset, bench))
            print(each.title, found[-1]["probe"], flush=True)
    return found


def _course(each: Candidate, dataset: Dataset, bench: Bench) -> dict[str, Any]:
    made: dict[str, Any] = {"candidate": each.title, "default": each.default, "scores": [], "probe": []}
    for number, rung in enumerate(rungs(CANDIDATES)):
        standing = bench.climb(each, number, rung.share)
        if standing.alarm is not None:
            made["alarm"] = standing.alarm["kind"]
            break
        made["scores"].append({name: round(value, 5) for name, value in standing.scores.items()})
        made["probe"].append(accuracy_at(bench, dataset, each.name, number))
    return made


def climb(found: list[dict[str, Any]], score: str) -> dict[str, Any]:
    """Which candidate a score chooses by the ladder, and how that stands at the end."""
    rule, names = SCORES[score], [str(number) for number in range(len(found))]
    alive, agreement = names, []
    ladder = rungs(len(found))
    for number in range(len(ladder) - 1):
        alive = [name for name in alive if len(found[int(name)]["scores"]) > number]
        scores = rule({name: found[int(name)]["scores"][number] for name in alive})
        agreement.append(correlation(scores, {name: found[int(name)]["probe"][number] for name in alive}))
        alive = sorted(alive, key=lambda name: -scores[name])[: ladder[number + 1].climbers]
    whole = [name for name in names if len(found[int(name)]["probe"]) == len(ladder)]
    last = {name: found[int(name)]["probe"][-1] for name in whole}
    scores = rule({name: found[int(name)]["scores"][-1] for name in whole})
    choice = alive[0] if alive[0] in last else max(last, key=lambda name: scores[name])
    return {
        "choice": found[int(choice)]["candidate"],
        "accuracy": last[choice],
        "regret": round(max(last.values()) - last[choice], 4),
        "spearman at the end": correlation(scores, last),
        "n": len(whole),
        "spearman by rung": agreement,
    }


def climb_as_tune(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What `selflearn tune` chooses: by its own score, the default always kept, and given up only for who is ahead in both."""
    names = [Candidate(str(row), each["candidate"], None, "own", 0.0, {}, each["default"]) for row, each in enumerate(found)]
    ladder = Ladder("", "", names, rungs(len(found)))
    failed = {"kind": "collapsed", "reason": "alarm", "remedy": ""}
    for number in range(len(ladder.rungs) - 1):
        for each in ladder.climbing:
            scores = found[int(each.name)]["scores"]
            alarm = None if number < len(scores) else failed
            ladder.stand(each, number, Standing({} if alarm else scores[number], alarm, 0, 0, 0.0, 0.0))
        ladder.settle(number)
    chosen = found[int(ladder.climbing[0].name)]
    best = max(each["probe"][-1] for each in found if len(each["probe"]) == len(ladder.rungs))
    return {"choice": chosen["candidate"], "accuracy": chosen["probe"][-1], "regret": round(best - chosen["probe"][-1], 4)}


def from_any_start(found: list[dict[str, Any]]) -> dict[str, float]:
    """As if each candidate in turn were the default: what tuning gains over it in accuracy at the end, on average and at worst."""
    length = len(rungs(CANDIDATES))
    gains = []
    for start in (row for row, each in enumerate(found) if len(each["probe"]) == length):
        turned = [{**each, "default": row == start} for row, each in enumerate(found)]
        chosen = climb_as_tune([turned[start], *(each for row, each in enumerate(turned) if row != start)])
        gains.append(chosen["accuracy"] - found[start]["probe"][-1])
    return {"mean": round(float(np.mean(gains)), 4), "least": round(min(gains), 4), "most": round(max(gains), 4)}


def figures(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What the courses of one set come to."""
    last = [each["probe"][-1] for each in found if len(each["probe"]) == len(rungs(CANDIDATES))]
    default = next(each for each in found if each["default"])
    return {
        "default": default["probe"][-1],
        "best": max(last),
        "mean": round(float(np.mean(last)), 4),
        "selflearn tune": climb_as_tune(found),
        "gain over a start that is any candidate": from_any_start(found),
        "by score": {name: climb(found, name) for name in SCORES},
        "courses": found,
    }


def main() -> None:
    """Run the sets, keep what they give, print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="test")
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for name, chosen in PARTS[asked.part].items():
        if asked.sets and name not in asked.sets:
            continue
        settings = {"course": chosen.course, "most": chosen.most, "changes": chosen.changes, "seed": asked.seed}
        result = f"tune-{asked.part}-{name}" + (f"-{asked.seed}" if asked.seed else "")
        table = kept(result, settings)
        began = time.process_time()
        if "courses" not in table:
            table |= {"courses": courses(chosen, asked.seed), "processor seconds": round(time.process_time() - began)}
        table |= figures(table["courses"])
        keep(result, table, show=False)
        print(name, {key: table[key] for key in ("default", "best", "mean")})
        print("   as tune", table["selflearn tune"], table["gain over a start that is any candidate"])
        for score, each in table["by score"].items():
            print("  ", score, each)


if __name__ == "__main__":
    main()
