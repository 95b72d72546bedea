"""`learn`: from a source to a finished run folder, and `resume`, which continues one that was cut off."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from selflearn import networks, recipes
from selflearn.data import Dataset, ReadOptions, read, recognise, subset
from selflearn.data.locate import locate
from selflearn.data.remote import urls
from selflearn.errors import RunError
from selflearn.evaluation import Scorecard, judge, judge_answers
from selflearn.measures import Verdict
from selflearn.networks import Encoder
from selflearn.ranks import check_alike, from_leader, leads, leave, together, wait_for_all
from selflearn.recipes import PlanOutcome, Recipe
from selflearn.training import Budget, RunFolder, choose_device, choose_precision, embed
from selflearn.views import plain
from selflearn.workflow import environment, records
from selflearn.workflow.answering import answers_in_context, measure_answers, scored
from selflearn.workflow.choosing import pick_recipe, uses_accelerator
from selflearn.workflow.measuring import Parts, divide, measure
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.request import Request, read_config, written
from selflearn.workflow.run import Run


def learn(
    source: Any,
    *,
    out: str | Path | None = None,
    labels: Any = None,
    groups: Any = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    **asked: Any,
) -> Run:
    """Learn from data nobody labelled; judge what was learned; leave a run folder.

    Parameters
    ----------
    source : a path, a name, or arrays, pictures, DataFrames: anything `selflearn.data.read` knows.
    out : the run folder; by default ``runs/<data>-<recipe>``, numbered if it exists.
    labels : label file, array or mapping; -1 or missing where nobody knows. Used by the scorecard, and by recipes that say so.
    groups : one group a sample; groups are never split between learning and scoring.
    overwrite : replace a run that is already at `out`.
    **asked : see `Request`: recipe, preset, budget, kind, seed, device, precision, holdout, changes, size, read.

    Returns
    -------
    Run : the finished run: verdict, scorecard, encoder, folder.

    Raises
    ------
    DataError, RecipeError, BudgetError, RunError : before any learning, when something asked for cannot be done.

    Notes
    -----
    Started by torchrun or SLURM as one of several processes, it learns together with the others. They must be given the same; the
    leader alone writes, scores and reports, and in the others the run is returned as soon as learning has ended.
    """
    with together():
        return _learn(source, out, labels, groups, overwrite, reporter or Reporter(), asked)


def _learn(
    source: Any, out: str | Path | None, labels: Any, groups: Any, overwrite: bool, reporter: Reporter, asked: dict[str, Any]
) -> Run:
    reporter = reporter if leads() else Reporter()
    request = Request.of(source=written(source), labels=written(labels), groups=written(groups), **asked)
    budget = Budget.parse(request.budget)
    if out is not None and leads():
        RunFolder.check_free(out, overwrite=overwrite)
    choose_precision(choose_device(request.device), request.precision)  # a device that is not there is told before data is read
    accelerator = uses_accelerator(request.device)
    if request.recipe is not None:  # a misspelt recipe or key is told before anything is read
        recipes.load(
            request.recipe,
            request.preset or recipes.default_preset(recipes.presets_of(request.recipe), accelerator),
            request.changes,
        )
    dataset = read_data(source, labels, groups, request, reporter)
    recipe = _recipe(dataset, request, accelerator, reporter)
    parts, encoder = _prepare(dataset, recipe, request)
    check_alike("data", subset(dataset, parts.learn).fingerprint)
    check_alike("settings", _digest(request, recipe))
    if leads():
        folder = RunFolder.create(out or RunFolder.free_path(name_of(request.source), recipe.name), overwrite=overwrite)
    path = from_leader(str(folder.path) if leads() else "")
    folder = folder if leads() else RunFolder.open(path)
    with folder.lock() if leads() else nullcontext():
        if leads():
            records.write_start(folder, request.model_dump(), recipe, dataset, parts, environment.describe())
        return carry_out(folder, request, recipe, dataset, parts, encoder, budget, reporter, resume=False)


def resume(run: str | Path, *, source: Any = None, labels: Any = None, groups: Any = None, reporter: Reporter | None = None) -> Run:
    """Continue a run that was interrupted, at the micro-batch where it was saved. A finished run is returned as it is.

    Raises
    ------
    RunError : no run there, damaged, another version's, in use by a living process, or its data has changed since.
    """
    with together():
        return _resume(run, source, labels, groups, reporter or Reporter())


def _resume(run: str | Path, source: Any, labels: Any, groups: Any, reporter: Reporter) -> Run:
    reporter = reporter if leads() else Reporter()
    folder = RunFolder.open(run)
    if folder.file("verdict.json").exists():
        reporter.say(f"{folder.path} is finished; nothing to resume.")
        return Run(folder)
    with folder.lock() if leads() else nullcontext():
        if folder.file("tune.json").exists():
            raise RunError(f"{folder.path} is a tuning that was interrupted: selflearn tune --resume {folder.path}")
        request, recipe = read_config(folder)
        if request.source is None and source is None:
            raise RunError(f"{folder.path} learned from objects in memory: pass the same data to resume(run, source=...)")
        labels = labels if labels is not None else request.labels
        groups = groups if groups is not None else request.groups
        dataset = read_data(source if source is not None else request.source, labels, groups, request, reporter)
        known = folder.read_json("data.json")
        if dataset.fingerprint != known["fingerprint"]:
            raise RunError(f"the data of {folder.path} has changed since the run began; start a new run on it")
        parts, encoder = _prepare(dataset, recipe, request)
        if subset(dataset, parts.learn).fingerprint != known["learning"]:
            raise RunError(f"{folder.path} divided its data by other groups; pass the same to resume(run, groups=...)")
        return carry_out(folder, request, recipe, dataset, parts, encoder, Budget.parse(request.budget), reporter, resume=True)


def read_data(source: Any, labels: Any, groups: Any, request: Request, reporter: Reporter) -> Dataset:
    """Read the data: the leader first, so that what it caches is there for the others."""
    if not leads():
        wait_for_all()
    options = ReadOptions(
        kind=request.kind,
        more=request.read,
        labels=labels,
        groups=groups,
        size=request.size,
        progress=lambda done, total: reporter.work("reading", done, total),
    )
    if request.kind is None:
        copying = replace(options, progress=lambda done, total: reporter.work("copying", done, total))
        source = locate(source, copying)  # once: what is told of it would not be told again
        reporter.say(recognise(source).say())
    dataset = read(source, options)
    if leads():
        wait_for_all()
    reporter.say(records.describe_data(dataset))
    for line in records.warnings_of(dataset):
        reporter.warn(line)
    return dataset


def _recipe(dataset: Dataset, request: Request, accelerator: bool, reporter: Reporter) -> Recipe:
    picked = pick_recipe(dataset, request.recipe, request.preset, request.changes, accelerator)
    numbers = f", {picked.recipe.preset} preset" if picked.recipe.preset else ""
    reporter.say(f"Recipe {picked.recipe.name}{numbers}: {picked.why}.")
    return picked.recipe


def _digest(request: Request, recipe: Recipe) -> str:
    told = [request.model_dump(mode="json"), recipe.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def name_of(source: str | None) -> str:
    """How a source is called in the name of a folder."""
    if urls.is_url(source) or urls.is_pattern(source or ""):
        return urls.name_of(source or "")
    place = Path(source or "data").resolve()  # so that "." has a name too
    return (place.name if place.is_dir() else place.stem).replace(":", "-")


def _prepare(dataset: Dataset, recipe: Recipe, request: Request) -> tuple[Parts, Encoder]:
    """The division and the encoder; whatever of the recipe cannot be put together is told here, before a folder is made."""
    parts = divide(dataset, request.holdout, request.seed)
    encoder = recipes.build_encoder(recipe.fits[0], dataset.spec, request.seed, uses_accelerator(request.device))
    recipes.check_plan(recipe, dataset, encoder, request.seed, len(parts.learn))
    return parts, encoder


def carry_out(
    folder: RunFolder,
    request: Request,
    recipe: Recipe,
    dataset: Dataset,
    parts: Parts,
    encoder: Encoder,
    budget: Budget,
    reporter: Reporter,
    resume: bool,
) -> Run:
    """Train, embed, evaluate, judge: each step leaves its files before the next begins."""
    began = time.monotonic()
    learning = subset(dataset, parts.learn)
    reporter.say(
        f"Learning for {budget} with {encoder.settings['name']} from {len(learning):,} samples; "
        f"{len(parts.held_out):,} are held out for the scorecard."
    )
    outcome = recipes.run_plan(
        recipe,
        learning,
        encoder,
        budget,
        request.seed,
        device=request.device,
        precision=request.precision,
        folder=folder,
        resume=resume,
        report=reporter.train,
    )
    followed = not leads()
    leave()
    if followed:
        return Run(folder)
    encoder = outcome.encoder
    for line in outcome.notes:
        reporter.say(line)
    networks.save_encoder(encoder, folder.file("encoder"))
    told = dataset.incidents()
    scorecard, verdict = _judge(folder, request, recipe, dataset, parts, outcome, reporter)
    for line in [line for line in dataset.incidents() if line not in told]:
        reporter.warn(line)
    records.write_end(folder, outcome, scorecard, verdict, encoder, time.monotonic() - began)
    return Run(folder)


def _judge(
    folder: RunFolder, request: Request, recipe: Recipe, dataset: Dataset, parts: Parts, outcome: PlanOutcome, reporter: Reporter
) -> tuple[Scorecard, Verdict]:
    encoder = outcome.encoder
    if outcome.alarm is not None and outcome.alarm.kind == "diverged":
        return Scorecard(rows=[], notes=["training diverged: there is no encoder to score"]), outcome.alarm
    if answers_in_context(encoder):
        return _judge_answers(folder, request, recipe, dataset, parts, outcome, reporter)
    vectors = embed(
        encoder,
        dataset,
        plain(dataset.spec),
        device=request.device,
        progress=lambda done, total: reporter.work("embedding", done, total),
    )
    scorecard = measure(
        dataset,
        parts,
        encoder,
        recipes.build_twin(recipe.maker, encoder, request.seed),
        paired_views=recipes.build_views(recipe.fits[-1], dataset.spec),
        taught=recipes.uses_labels(recipe),
        vectors=vectors,
        seed=request.seed,
        device=request.device,
        progress=reporter.work,
    )
    records.write_embeddings(folder, dataset, parts, vectors)
    records.write_pictures(folder, dataset, request.seed)
    records.write_views(folder, dataset, recipe, request.seed)
    return scorecard, judge(scorecard, outcome.alarm)


def _judge_answers(
    folder: RunFolder, request: Request, recipe: Recipe, dataset: Dataset, parts: Parts, outcome: PlanOutcome, reporter: Reporter
) -> tuple[Scorecard, Verdict]:
    """A network that answers is judged by its answers; the report shows the tasks that were scored, each by its summary."""
    encoder, rows = outcome.encoder, scored(dataset, parts, request.seed)
    twin = recipes.build_twin(recipe.maker, encoder, request.seed)
    scorecard = measure_answers(dataset, rows, encoder, twin, device=request.device, progress=reporter.work)
    sample = subset(dataset, rows)
    vectors = embed(encoder, sample, plain(dataset.spec), device=request.device)
    everything = np.arange(len(rows))
    records.write_embeddings(folder, sample, Parts(everything[:0], everything), vectors)
    records.write_pictures(folder, sample, request.seed)
    records.write_views(folder, sample, recipe, request.seed)
    return scorecard, judge_answers(scorecard, outcome.alarm)
