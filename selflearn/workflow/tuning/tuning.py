"""`tune`: candidates climb a ladder, judged without labels, until one is left; that one becomes an ordinary run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selflearn import recipes as shelf
from selflearn.data import Dataset
from selflearn.errors import RecipeError, RunError, complaint
from selflearn.training import Budget, RunFolder, choose_device, choose_precision
from selflearn.workflow import environment, learning, records
from selflearn.workflow.choosing import uses_accelerator
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.request import Request, written
from selflearn.workflow.run import Run
from selflearn.workflow.tuning.bench import Bench
from selflearn.workflow.tuning.check import check
from selflearn.workflow.tuning.ladder import Ladder
from selflearn.workflow.tuning.rungs import course_of, rungs
from selflearn.workflow.tuning.space import Candidate, draw
from selflearn.workflow.tuning.workers import Here, Workers

ASKED, LADDER = "tune.json", "ladder.json"


class Tuning(BaseModel):
    """What was asked of `tune`, beside what it has in common with `learn`.

    Attributes
    ----------
    budget : of training, all candidates together.
    recipes : to choose among; none for those that suit the kind of data.
    candidates : how many climb the first rung.
    keep : share of them that climbs on from each rung.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    budget: str = "1h"
    recipes: tuple[str, ...] = ()
    candidates: int = Field(default=8, ge=2, le=512)
    keep: float = Field(default=0.5, gt=0, lt=1)


def tune(
    source: Any,
    *,
    budget: str = "1h",
    recipes: tuple[str, ...] | list[str] = (),
    candidates: int = 8,
    keep: float = 0.5,
    out: str | Path | None = None,
    labels: Any = None,
    groups: Any = None,
    overwrite: bool = False,
    workers: Workers | None = None,
    reporter: Reporter | None = None,
    **asked: Any,
) -> Run:
    """Choose recipe, views and learning rate by label-free scores, with successive halving; leave the chosen one as a finished run.

    Parameters
    ----------
    source : as for `learn`.
    budget : of training, all candidates together: ``1h``, ``2e6samples``. Not in seconds, it makes the choice reproducible.
    recipes : to choose among; none for those that suit the kind of data.
    candidates : how many climb the first rung, the recipe's default among them.
    keep : share of them that climbs on from each rung.
    out : the folder; the run that is chosen, and beside it `ladder.json` and `candidates/`.
    labels : never shown to any candidate, nor to what chooses; they check the choice when it has been made.
    workers : who trains; None trains one candidate after the other, here.
    **asked : of `learn`: kind, seed, device, precision, holdout, changes, size, read.

    Raises
    ------
    DataError, RecipeError, RunError : before any learning, when something asked for cannot be done.
    """
    reporter = reporter or Reporter()
    request = Request.of(source=written(source), labels=written(labels), groups=written(groups), **asked)
    try:
        tuning = Tuning(budget=budget, recipes=tuple(recipes), candidates=candidates, keep=keep)
    except ValidationError as error:
        raise RecipeError(complaint(error)) from error
    whole = Budget.parse(tuning.budget)
    choose_precision(choose_device(request.device), request.precision)
    for name in tuning.recipes:  # a misspelt recipe or key is told before anything is read
        shelf.load(name, changes=request.changes)
    place = Path(out) if out is not None else None
    if place is not None:
        RunFolder.check_free(place, overwrite=overwrite)
    dataset = learning.read_data(source, labels, groups, request, reporter)
    bench = Bench(dataset, request, place or Path())
    ladder = _ladder(bench, tuning, whole, reporter)
    folder = RunFolder.create(place or RunFolder.free_path(learning.name_of(request.source), "tuned"), overwrite=overwrite)
    bench.out, bench.course = folder.path, Budget.parse(ladder.course)
    with folder.lock():
        folder.write_json(
            ASKED,
            {"request": request.model_dump(), "tuning": tuning.model_dump(mode="json"), "fingerprint": dataset.fingerprint},
        )
        folder.write_json(LADDER, ladder.to_json())
        return _climb(folder, dataset, bench, ladder, workers or Here(), reporter)


def resume_tuning(
    out: str | Path,
    *,
    source: Any = None,
    labels: Any = None,
    groups: Any = None,
    workers: Workers | None = None,
    reporter: Reporter | None = None,
) -> Run:
    """Continue a tuning that was interrupted; with a budget that is not in seconds, to the same ladder as an unbroken one.

    Raises
    ------
    RunError : no tuning there, damaged, in use by a living process, or its data has changed since.
    """
    reporter = reporter or Reporter()
    folder = RunFolder.open(out)
    if not folder.file(ASKED).exists():
        hint = f"; to continue a run: selflearn learn --resume {out}" if folder.file("config.yaml").exists() else ""
        raise RunError(f"{out} holds no tuning{hint}")
    ladder = Ladder.from_json(folder.read_json(LADDER))
    if ladder.finished:
        reporter.climb(ladder)
        reporter.say(f"{folder.path} is finished; nothing to resume.")
        return Run(folder)
    with folder.lock():
        asked = folder.read_json(ASKED)
        request = Request.of(**asked["request"])
        if request.source is None and source is None:
            raise RunError(f"{folder.path} was tuned on objects in memory: pass the same data to resume_tuning(out, source=...)")
        chosen = source if source is not None else request.source
        labels = labels if labels is not None else request.labels
        dataset = learning.read_data(chosen, labels, groups if groups is not None else request.groups, request, reporter)
        if dataset.fingerprint != asked["fingerprint"]:
            raise RunError(f"the data of {folder.path} has changed since the tuning began; start a new one on it")
        bench = Bench(dataset, request, folder.path, Budget.parse(ladder.course))
        return _climb(folder, dataset, bench, ladder, workers or Here(), reporter)


def _ladder(bench: Bench, tuning: Tuning, whole: Budget, reporter: Reporter) -> Ladder:
    """Candidates and rungs, before anything is written."""
    request = bench.request
    found = draw(
        bench.dataset,
        len(bench.parts.learn),
        tuning.candidates,
        list(tuning.recipes) or None,
        request.changes,
        uses_accelerator(request.device),
        request.seed,
    )
    if len(found) < 2:
        raise RecipeError(f"there is only one candidate ({found[0].title}), and nothing to choose: use selflearn learn")
    if len(found) < tuning.candidates:
        reporter.warn(f"{tuning.candidates} candidates were asked for, and the space holds {len(found)}")
    steps = rungs(len(found), tuning.keep)
    batch = max(bench.recipe(each).fits[0].settings.batch for each in found)
    course = course_of(whole, steps, min(batch, len(bench.parts.learn) // 2), len(bench.parts.learn))
    reporter.say(
        f"{len(found)} candidates climb {len(steps)} rungs; the last one will have learned for {course}, as `learn` would. "
        f"{len(bench.scored):,} {'held-out ' if len(bench.parts.held_out) else ''}samples judge them, without labels."
    )
    return Ladder(str(whole), str(course), found, steps)


def _climb(folder: RunFolder, dataset: Dataset, bench: Bench, ladder: Ladder, workers: Workers, reporter: Reporter) -> Run:
    """Rung by rung; each is settled from scratch, so that an interrupted one ends as an unbroken one."""
    with workers.ready(bench):
        for number, rung in enumerate(ladder.rungs[:-1]):
            if number < len(ladder.scores) or ladder.choice is not None:
                continue
            reporter.climb(ladder)
            for candidate, standing in workers.climb(ladder.climbing, number, rung.share, reporter):
                ladder.stand(candidate, number, standing)
                folder.write_json(LADDER, ladder.to_json())
                reporter.climb(ladder)
            ladder.settle(number)
            folder.write_json(LADDER, ladder.to_json())
            reporter.climb(ladder)
    run = _finish(folder, dataset, bench, ladder.climbing[0], reporter)
    ladder.check, ladder.finished = check(ladder, bench, dataset), True
    folder.write_json(LADDER, ladder.to_json())
    reporter.climb(ladder)
    return run


def _finish(folder: RunFolder, dataset: Dataset, bench: Bench, choice: Candidate, reporter: Reporter) -> Run:
    """The chosen candidate goes on from its checkpoint, in the folder of the tuning, which thereby becomes its run.

    Only here labels come in: the scorecard may use them, the division that the candidates learned from stays.
    """
    recipe, request = bench.recipe(choice), bench.asked(choice)
    reporter.say(f"Chosen: {choice.title}.")
    if not folder.file("config.yaml").exists():
        shutil.rmtree(folder.file("checkpoints"), ignore_errors=True)
        shutil.copytree(bench.folder(choice) / "checkpoints", folder.file("checkpoints"))
        shutil.copy2(bench.folder(choice) / "metrics.jsonl", folder.file("metrics.jsonl"))
        records.write_start(folder, request.model_dump(), recipe, dataset, bench.parts, environment.describe())
    encoder = shelf.build_encoder(recipe.fits[0], dataset.spec, request.seed, bench.accelerator)
    course = Budget.parse(request.budget)
    return learning.carry_out(folder, request, recipe, dataset, bench.parts, encoder, course, reporter, resume=True)
