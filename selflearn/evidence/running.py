"""Running an experiment: arm by arm and seed by seed, each value kept as soon as it is there; then the verdict, sealed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from selflearn.errors import RunError
from selflearn.evidence.arms import Arm, Job
from selflearn.evidence.decision import conclude, decide
from selflearn.evidence.material import Part, draw, material
from selflearn.evidence.provenance import code_version, committed, uncommitted
from selflearn.evidence.registry import Stated, find
from selflearn.evidence.results import write_result
from selflearn.evidence.statement import TUNING_SEEDS, Experiment, Size
from selflearn.evidence.store import Cell, Store
from selflearn.workflow import environment

Report = Callable[[str, int, int], None]
Cells = dict[str, dict[int, Cell]]


@dataclass(frozen=True)
class Trial:
    """A tuning run: what contrasts look like on the development part. It is never stored as a result.

    Attributes
    ----------
    scores : arm -> seed -> measure -> value.
    contrasts : what -> differences, one a seed.
    """

    scores: dict[str, dict[int, dict[str, float]]]
    contrasts: dict[str, list[float]]


def run_experiment(
    name: str, size: str = "quick", *, report: Report | None = None, store: Store | None = None, folder: Path | None = None
) -> dict[str, Any]:
    """Run an experiment as it was stated, decide it, store its sealed result, and return it.

    The result names the commit that holds the statement, and is marked `dirty` where other code that can change a score differed
    from that commit.

    Parameters
    ----------
    name : of the experiment, or of a system it is about.
    size : "quick" or "full".
    report : called with (what is being done, values there, values in all).
    store, folder : where values and results are kept; by default the cache and the package.

    Raises
    ------
    RunError : there is no such experiment, or its file or a recipe it uses is not committed as it is.
    """
    stated = find(name)
    experiment = stated.experiment
    seeds = experiment.seeds_of(size)
    commit = committed([stated.file, *(file for arm in experiment.arms.values() for file in arm.files())])
    dirty = bool(uncommitted())
    cells = _measure(experiment, experiment.size(size), seeds, "measured", store or Store(), report)
    result = {**_result(stated, size, seeds, commit, cells), "dirty": dirty}
    write_result(result, folder)
    return result


def tune(
    experiment: Experiment,
    size: Size,
    seeds: Sequence[int] = (TUNING_SEEDS, TUNING_SEEDS + 1, TUNING_SEEDS + 2),
    *,
    report: Report | None = None,
    store: Store | None = None,
) -> Trial:
    """Look at an experiment on the development part, with seeds of 100 and above, to find its settings. Needs no commit."""
    if min(seeds) < TUNING_SEEDS:
        raise RunError(f"tuning takes seeds of {TUNING_SEEDS} and above; those below are kept for measuring")
    cells = _measure(experiment, size, list(seeds), "development", store or Store(), report)
    scores = {arm: {seed: cell.scores for seed, cell in row.items()} for arm, row in cells.items()}
    contrasts = {c.what: [c.difference({arm: scores[arm][seed] for arm in scores}) for seed in seeds] for c in experiment.contrasts}
    return Trial(scores, contrasts)


def measure_cell(experiment: Experiment, size: Size, arm: str, seed: int, part: Part, store: Store | None = None) -> Cell:
    """One arm with one seed: from the store if this code measured it before, else now. Without a store, always now."""
    drawn = draw(material(experiment.data), part, seed, size.samples, size.tested)
    chosen: Arm = experiment.arms[arm]
    settings = {
        "arm": chosen.settings(),
        "data": experiment.data,
        "fingerprint": drawn.fingerprint,
        "part": part,
        "seed": seed,
        "budget": size.budget if chosen.learns else None,
    }
    code = code_version(chosen.families())
    known = store.get(settings, code) if store is not None else None
    if known is not None:
        return known
    began = time.monotonic()
    measured = chosen.run(Job(drawn, seed, size.budget))
    scores = {measure: round(float(value), 6) for measure, value in measured.scores.items()}
    cell = Cell(scores, round(time.monotonic() - began, 2), code, measured.alarm)
    if store is not None:
        store.put(settings, cell)
    return cell


def _measure(experiment: Experiment, size: Size, seeds: list[int], part: Part, store: Store, report: Report | None) -> Cells:
    """Every arm with every seed. Seed by seed, so that a run that is cut off leaves whole repetitions."""
    cells: Cells = {arm: {} for arm in experiment.arms}
    total, done = len(seeds) * len(experiment.arms), 0
    for seed in seeds:
        for arm in experiment.arms:
            if report is not None:
                report(f"{experiment.name}: {arm}, seed {seed}", done, total)
            cells[arm][seed] = measure_cell(experiment, size, arm, seed, part, store)
            done += 1
    if report is not None:
        report(f"{experiment.name}: measured", done, total)
    return cells


def _result(stated: Stated, size: str, seeds: list[int], commit: str | None, cells: Cells) -> dict[str, Any]:
    experiment = stated.experiment
    decisions = []
    for contrast in experiment.contrasts:
        differences = [contrast.difference({arm: cells[arm][seed].scores for arm in cells}) for seed in seeds]
        decisions.append(decide(contrast.what, contrast.margin, differences))
    verdict, decider = conclude(decisions)
    return {
        "name": experiment.name,
        "systems": list(experiment.systems),
        "claim": experiment.claim,
        "size": size,
        "verdict": verdict,
        "decided_by": decider.what,
        "difference": decider.mean,
        "interval": [decider.low, decider.high],
        "margin": decider.margin,
        "contrasts": [decision.to_json() for decision in decisions],
        "seeds": seeds,
        "arms": {name: _arm(experiment.arms[name], row) for name, row in cells.items()},
        "statement": {"hash": experiment.fingerprint(), "file": stated.file.name, **experiment.state()},
        "commit": commit,
        "seconds": round(sum(cell.seconds for row in cells.values() for cell in row.values()), 1),
        "machine": environment.describe(),
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def _arm(arm: Arm, row: dict[int, Cell]) -> dict[str, Any]:
    return {
        "settings": arm.settings(),
        "scores": {str(seed): cell.scores for seed, cell in row.items()},
        "alarms": {str(seed): cell.alarm for seed, cell in row.items() if cell.alarm},
        "code": sorted({cell.code for cell in row.values()}),
        "seconds": round(sum(cell.seconds for cell in row.values()), 1),
    }
