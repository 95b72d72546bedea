"""The plan that runs a recipe's stages: networks and views by name, an encoder and a dataset handed from stage to stage.

A gradient stage trains the encoder that it is handed, or a fresh one; a clustering hands on the dataset with other labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from selflearn import networks, views
from selflearn.data import Dataset, Spec
from selflearn.errors import RecipeError
from selflearn.measures import Verdict
from selflearn.methods import Method, find
from selflearn.networks import Encoder
from selflearn.recipes.clusters import ClusterOutcome, check_clustering, clustered, run_clustering
from selflearn.recipes.schema import Clustering, Recipe, Stage
from selflearn.training import Budget, FitOutcome, Progress, RunFolder, fit
from selflearn.views import View


@dataclass
class PlanOutcome:
    """What a plan leaves.

    Attributes
    ----------
    encoder : the one that was trained last.
    stages : what each gradient stage reported.
    clusterings : what each clustering found.
    method : the last method with its heads.
    alarm : the alarm, if one rang.
    """

    encoder: Encoder
    stages: list[FitOutcome] = field(default_factory=list)
    clusterings: list[ClusterOutcome] = field(default_factory=list)
    method: Method | None = None

    @property
    def notes(self) -> list[str]:
        """What a person should be told of all stages."""
        return [*(note for stage in self.stages for note in stage.notes), *(found.note for found in self.clusterings)]

    @property
    def alarm(self) -> Verdict | None:
        """Collapse or divergence in any stage."""
        return next((stage.alarm for stage in self.stages if stage.alarm is not None), None)


def build_encoder(stage: Stage | Clustering, spec: Spec, seed: int, accelerator: bool) -> Encoder:
    """The encoder of a gradient stage, untrained: a function of its settings, the spec and the seed alone.

    Where nobody chose one, it is the kind's default among those that the method can work with.
    """
    if isinstance(stage, Clustering):
        raise RecipeError("a clustering has no encoder of its own; it is handed one")
    choice = dict(stage.encoder)
    if choice["name"] == "auto":
        needs = frozenset[str]().union(*(part.needs for part in find(stage.fit).parts(stage.options)))
        choice["name"] = networks.default_encoder(spec, accelerator, needs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return networks.build(spec, **choice)


def build_twin(stage: Stage, encoder: Encoder, seed: int) -> Encoder:
    """The stage's encoder as it was before learning, on whatever machine that was.

    Parameters
    ----------
    stage : the one that began with it (`Recipe.maker`). Where it left the choice of a network open, this has the name of
        `encoder`; where it began afresh with what it was handed, all its settings.
    """
    if stage.fresh and stage.encoder == {"name": "auto"}:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return networks.build(encoder.spec, **encoder.settings)
    name = encoder.settings["name"] if stage.encoder["name"] == "auto" else stage.encoder["name"]
    alike = stage.model_copy(update={"encoder": {**stage.encoder, "name": name}})
    return build_encoder(alike, encoder.spec, seed, accelerator=False)


def build_method(stage: Stage, encoder: Encoder, seed: int, dataset: Dataset | None = None, samples: int | None = None) -> Method:
    """The stage's method around an encoder; its heads are a function of the seed.

    A setting `classes` that is None becomes the number of the dataset's classes, where it has at least two, `transcripts` their
    names; a setting `samples` that is None becomes how many samples are learned from (by default all of the dataset); a setting
    `asked` that is None becomes what the stage's views ask.
    """
    options = dict(stage.options)
    classes = 0 if dataset is None else len(dataset.facts.classes)
    if options.get("classes", 0) is None and classes > 1:
        options["classes"] = classes
    if options.get("samples", 0) is None and dataset is not None:
        options["samples"] = samples or len(dataset)
    if options.get("transcripts", 0) is None and dataset is not None:
        options["transcripts"] = list(dataset.facts.classes)
    if options.get("asked", 0) is None:
        options["asked"] = views.asked(encoder.spec, classes, **stage.views)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        return find(stage.fit)(encoder, **options)


def build_views(stage: Stage, spec: Spec) -> list[View]:
    """The stage's views for this kind of data."""
    return views.build(spec, **stage.views)


def uses_labels(recipe: Recipe) -> bool:
    """Whether labels that somebody gave shape what any stage learns: those before a clustering see them."""
    before = itertools.takewhile(lambda stage: isinstance(stage, Stage), recipe.stages)
    fits = (stage for stage in before if isinstance(stage, Stage))
    return any(part.uses_labels for stage in fits for part in find(stage.fit).parts(stage.options))


def check_plan(recipe: Recipe, dataset: Dataset, encoder: Encoder, seed: int, learning: int) -> None:
    """Put every stage together once, so that what cannot work is told before anything is written or learned.

    Parameters
    ----------
    dataset : of which samples will be learned from, or all of it.
    encoder : what the first stage trains.
    learning : how many samples will be learned from; a batch is at most half of them.

    Raises
    ------
    RecipeError : a method without what it needs, views that do not exist, views of a size that the encoder cannot take, or more
        clusters than samples.
    """
    previous: Method | None = None
    for number, stage in enumerate(recipe.stages):
        if isinstance(stage, Clustering):
            check_clustering(stage, learning)
            dataset = clustered(dataset, np.zeros(len(dataset), dtype=np.int64), stage.clusters)
            continue
        encoder = _handed_on(recipe, number, encoder, seed)
        stage_views = build_views(stage, dataset.spec)
        check_sizes(stage_views, dataset, encoder)
        method = build_method(stage, encoder, seed, dataset, learning)
        method.begin(previous)
        method.check_batch(min(stage.settings.batch, learning // 2))
        method.check_data(learning)
        previous = method


def _handed_on(recipe: Recipe, number: int, encoder: Encoder, seed: int) -> Encoder:
    """What a gradient stage begins with: the encoder it is handed, or a fresh one where it asks for that."""
    stage = recipe.stages[number]
    assert isinstance(stage, Stage)
    if number and stage.fresh:
        return build_twin(stage, encoder, seed)
    if number and stage.encoder["name"] not in {"auto", encoder.settings.get("name")}:
        raise RecipeError(
            f"recipe {recipe.name!r}, stage {number + 1}: the encoder of the stage before is handed on; remove 'encoder', or set "
            f"fresh: true to begin with a new one"
        )
    return encoder


def check_sizes(stage_views: list[View], dataset: Dataset, encoder: Encoder) -> None:
    """Raise `RecipeError` where views of one sample differ in size (multi-crop), or are tiles, and the encoder cannot take that.

    An encoder that declares "any-size" is believed of views; another, and any of tiles, is tried on the views of two samples.
    """
    samples = min(2, len(dataset))
    made = views.make_views(dataset.batch(range(samples)), stage_views, torch.Generator().manual_seed(0))
    first, training = made[0].values.shape[1:], encoder.training
    for view in made:
        if len(view) > samples or (view.values.shape[1:] != first and "any-size" not in encoder.capabilities):
            try:
                with torch.no_grad():
                    encoder.eval()(view)
            except RecipeError:
                raise
            except (RuntimeError, ValueError) as error:
                shapes = [" x ".join(map(str, shape)) for shape in (first, view.values.shape[1:])]
                what = f"tiles ({shapes[1]})" if len(view) > samples else f"of several sizes ({' and '.join(shapes)})"
                raise RecipeError(
                    f"these views are {what}, and the encoder {encoder.settings.get('name')} takes only one size; "
                    f"choose another encoder, or views of one size: --set views=standard"
                ) from error
            finally:
                encoder.train(training)


def split_budget(budget: Budget, stages: tuple[Stage, ...]) -> list[Budget]:
    """The whole budget, divided by the stages' shares."""
    whole = sum(stage.share for stage in stages)
    return [Budget(budget.amount * stage.share / whole, budget.unit) for stage in stages]


def run_plan(
    recipe: Recipe,
    dataset: Dataset,
    encoder: Encoder,
    budget: Budget,
    seed: int = 0,
    *,
    device: str = "auto",
    precision: str = "auto",
    folder: RunFolder | None = None,
    resume: bool = False,
    until: float = 1.0,
    report: Callable[[Progress], None] | None = None,
) -> PlanOutcome:
    """Run every stage of a recipe on a dataset, training `encoder` in place until a stage begins with a fresh one.

    Stops at the first stage that raises an alarm. With `resume`, finished stages are passed over and the one that was
    interrupted continues where it was saved. It pauses at the share `until` of the budget.
    """
    outcome = PlanOutcome(encoder)
    left = until * budget.amount
    parts = iter(split_budget(budget, recipe.fits))
    for number, stage in enumerate(recipe.stages):
        if until < 1 and left <= 0:
            break
        if isinstance(stage, Clustering):
            dataset, found = run_clustering(
                stage, dataset, outcome.encoder, seed, number=number, device=device, folder=folder, resume=resume
            )
            outcome.clusterings.append(found)
            continue
        outcome.encoder = encoder = _handed_on(recipe, number, outcome.encoder, seed)
        stage_views, part = build_views(stage, dataset.spec), next(parts)
        check_sizes(stage_views, dataset, encoder)
        method = build_method(stage, encoder, seed + 2 * number, dataset)
        method.begin(outcome.method)
        outcome.method = method
        settings = stage.settings.model_copy(update={"budget": part, "seed": seed, "device": device, "precision": precision})
        pause = 1.0 if until >= 1 else min(1.0, left / part.amount)
        outcome.stages.append(
            fit(method, dataset, stage_views, settings, folder, stage=number, resume=resume, until=pause, report=report)
        )
        left -= part.amount
        if outcome.alarm is not None:
            break
    return outcome
