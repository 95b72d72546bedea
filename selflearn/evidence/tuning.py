"""The sweep behind a stated tuning: every arm over the whole grid, on tuning seeds and the development part alone.

``python -m selflearn.evidence.tuning supcon`` repeats it, and says what it chooses beside what is stated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from selflearn.errors import RunError
from selflearn.evidence.arms import Arm, Learned
from selflearn.evidence.registry import find
from selflearn.evidence.running import measure_cell
from selflearn.evidence.statement import Experiment
from selflearn.evidence.store import Store


@dataclass(frozen=True)
class Sweep:
    """What a sweep found.

    Attributes
    ----------
    means : arm -> value of the setting -> mean over the tuning seeds of the measure that judges the arm.
    chosen : arm -> the value with the highest mean; of equals the smaller.
    """

    means: dict[str, dict[float, float]]
    chosen: dict[str, float]


def sweep(experiment: Experiment, *, report: Callable[[str, int, int], None] | None = None, store: Store | None = None) -> Sweep:
    """Repeat the tuning that an experiment states, at the size of its full run.

    Raises
    ------
    RunError : it states none, or names an arm that is no recipe.
    """
    tuning = experiment.tuning
    if tuning is None:
        raise RunError(f"experiment {experiment.name!r} states no tuning")
    arms = {(arm, value): _with(experiment.arms[arm], arm, tuning.setting, value) for arm in tuning.judged for value in tuning.grid}
    tried = replace(experiment, arms={f"{arm}, {value:g}": made for (arm, value), made in arms.items()}, tuning=None)
    found: dict[str, dict[float, list[float]]] = {arm: {value: [] for value in tuning.grid} for arm in tuning.judged}
    for number, ((arm, value), seed) in enumerate(product(arms, tuning.seeds)):
        if report is not None:
            report(f"{arm}, {tuning.setting} {value:g}, seed {seed}", number, len(arms) * len(tuning.seeds))
        cell = measure_cell(tried, experiment.full, f"{arm}, {value:g}", seed, "development", store or Store())
        found[arm][value].append(cell.scores[tuning.judged[arm]])
    means = {arm: {value: float(np.mean(scores)) for value, scores in row.items()} for arm, row in found.items()}
    return Sweep(means, {arm: min(row, key=lambda value: (-round(row[value], 6), value)) for arm, row in means.items()})


def _with(arm: Arm, name: str, setting: str, value: float) -> Learned:
    if not isinstance(arm, Learned):
        raise RunError(f"the arm {name!r} runs no recipe, so {setting} cannot be tuned in it")
    return replace(arm, changes={**arm.changes, setting: value})


def _main() -> None:
    experiment = find(sys.argv[1]).experiment
    found = sweep(experiment, report=lambda what, done, total: print(f"{done}/{total} {what}", file=sys.stderr, flush=True))
    stated = experiment.tuning.chosen if experiment.tuning is not None else {}
    for arm, row in found.means.items():
        print(arm, {value: round(mean, 4) for value, mean in row.items()}, "chooses", found.chosen[arm], "stated", stated.get(arm))


if __name__ == "__main__":
    _main()
