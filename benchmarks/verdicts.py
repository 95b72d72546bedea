"""Are verdicts right? Every recipe healthy, planted collapses, and false alarms, on digits.

python -m benchmarks.verdicts --part recipes|planted|healthy|all --budget 20s
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

from benchmarks.common import keep
from selflearn import learn
from selflearn.data import read
from selflearn.measures.intervals import upper_bound
from selflearn.recipes import entries
from selflearn.workflow.training import train

PLANTED = {
    "SimSiam without stop-gradient": ("simsiam", {"stop_gradient": False}),
    "VICReg without variance": ("vicreg", {"variance": 0.0}),
    "SimCLR, learning rate x 1000": ("simclr", {"optimiser.lr": 1000.0}),
}


ONE = "1 label a class"


def verdict(recipe: str, seed: int, budget: str, changes: dict[str, Any] | None = None) -> tuple[str, str, dict[str, float]]:
    """Verdict and reason of one run on digits, and accuracies with one label a class."""
    with tempfile.TemporaryDirectory() as folder:
        run = learn("digits", recipe=recipe, budget=budget, seed=seed, changes=changes or {}, out=f"{folder}/run")
        print(f"{recipe} seed {seed} {changes or ''}: {run.verdict.kind}: {run.verdict.reason}", flush=True)
        return run.verdict.kind, run.verdict.reason, {r.features: round(r.value, 3) for r in run.scorecard.rows if r.measure == ONE}


def alarm(recipe: str, seed: int, budget: str) -> str:
    """What the monitors said of one healthy run on digits: nothing, or the verdict that stopped it."""
    trained = train(read("digits"), recipe=recipe, budget=budget, changes={}, seed=seed)
    print(f"{recipe} seed {seed}: {trained.termination}", flush=True)
    return "" if trained.alarm is None else f"{trained.alarm.kind}: {trained.alarm.reason}"


def planted_changes(recipe: str, changes: dict[str, Any]) -> dict[str, Any]:
    """`x 1000` is relative to the recipe's own rate."""
    from selflearn.recipes import load

    if "optimiser.lr" not in changes:
        return changes
    return {"optimiser.lr": load(recipe, "small", kind="image").stages[0].settings.optimiser.lr * changes["optimiser.lr"]}


def main() -> None:
    """Run the parts asked for and keep the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["recipes", "planted", "healthy", "all"], default="all")
    parser.add_argument("--budget", default="20s")
    parser.add_argument("--planted-seeds", type=int, default=20)
    parser.add_argument("--healthy-runs", type=int, default=50)
    asked = parser.parse_args()
    names = [entry.name for entry in entries() if entry.family != "labels"]
    if asked.part in {"recipes", "all"}:
        found = {name: verdict(name, 0, asked.budget) for name in names}
        kept = {name: {"verdict": kind, "reason": reason, ONE: few} for name, (kind, reason, few) in found.items()}
        keep("verdicts-recipes", {"budget": asked.budget, "recipes": kept})
    if asked.part in {"planted", "all"}:
        caught: dict[str, Any] = {}
        for title, (recipe, changes) in PLANTED.items():
            kinds = [
                verdict(recipe, seed, asked.budget, planted_changes(recipe, changes))[0] for seed in range(asked.planted_seeds)
            ]
            caught[title] = {
                "seeds": len(kinds),
                "stopped": sum(kind in {"collapsed", "diverged"} for kind in kinds),
                "verdicts": kinds,
            }
        keep("verdicts-planted", {"budget": asked.budget, "planted": caught})
    if asked.part in {"healthy", "all"}:
        runs = [(names[number % len(names)], 200 + number) for number in range(asked.healthy_runs)]
        kinds = [(name, seed, alarm(name, seed, asked.budget)) for name, seed in runs]
        alarms = [each for each in kinds if each[2]]
        bound = round(upper_bound(len(alarms), len(kinds)), 4)
        keep(
            "verdicts-healthy",
            {"runs": len(kinds), "false_alarms": len(alarms), "upper_bound_95": bound, "alarms": alarms},
        )


if __name__ == "__main__":
    main()
