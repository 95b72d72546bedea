"""The plan that runs a recipe's stages: networks and views by name, one encoder handed from stage to stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from selflearn import networks, views
from selflearn.data import Dataset, Spec
from selflearn.errors import RecipeError
from selflearn.measures import Verdict
from selflearn.methods import Method, find
from selflearn.networks import Encoder
from selflearn.recipes.schema import Recipe, Stage
from selflearn.training import Budget, FitOutcome, Progress, RunFolder, fit
from selflearn.views import View


@dataclass
class PlanOutcome:
    """What a plan leaves: the encoder, what each stage reported, the last method with its heads, and the alarm, if one rang."""

    encoder: Encoder
    stages: list[FitOutcome] = field(default_factory=list)
    method: Method | None = None

    @property
    def alarm(self) -> Verdict | None:
        """Collapse or divergence in any stage."""
        return next((stage.alarm for stage in self.stages if stage.alarm is not None), None)


def build_encoder(stage: Stage, spec: Spec, seed: int, accelerator: bool) -> Encoder:
    """The stage's encoder, untrained: a function of its settings, the spec and the seed alone.

    Where nobody chose one, it is the kind's default among those that the method can work with.
    """
    choice = dict(stage.encoder)
    if choice["name"] == "auto":
        needs = frozenset[str]().union(*(part.needs for part in find(stage.fit).parts(stage.options)))
        choice["name"] = networks.default_encoder(spec, accelerator, needs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return networks.build(spec, **choice)


def build_twin(stage: Stage, encoder: Encoder, seed: int) -> Encoder:
    """The stage's encoder as it was before learning, on whatever machine that was.

    Where the recipe left the choice of a network open, it is of the same name as `encoder`.
    """
    name = encoder.settings["name"] if stage.encoder["name"] == "auto" else stage.encoder["name"]
    alike = stage.model_copy(update={"encoder": {**stage.encoder, "name": name}})
    return build_encoder(alike, encoder.spec, seed, accelerator=False)


def build_method(stage: Stage, encoder: Encoder, seed: int, dataset: Dataset | None = None) -> Method:
    """The stage's method around an encoder; its heads are a function of the seed.

    A setting `classes` that is None becomes the number of the dataset's classes, where it has at least two, a setting `instances`
    that of its samples; a setting `asked` that is None becomes what the stage's views ask.
    """
    options = dict(stage.options)
    classes = 0 if dataset is None else len(dataset.facts.classes)
    if options.get("classes", 0) is None and classes > 1:
        options["classes"] = classes
    if options.get("instances", 0) is None and dataset is not None:
        options["instances"] = len(dataset)
    if options.get("asked", 0) is None:
        options["asked"] = views.asked(encoder.spec, classes, **stage.views)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        return find(stage.fit)(encoder, **options)


def build_views(stage: Stage, spec: Spec) -> list[View]:
    """The stage's views for this kind of data."""
    return views.build(spec, **stage.views)


def uses_labels(recipe: Recipe) -> bool:
    """Whether labels shape what any stage learns."""
    return any(part.uses_labels for stage in recipe.stages for part in find(stage.fit).parts(stage.options))


def check_plan(recipe: Recipe, dataset: Dataset, encoder: Encoder, seed: int, learning: int) -> None:
    """Put every stage together once, so that what cannot work is told before anything is written or learned.

    Parameters
    ----------
    dataset : of which samples will be learned from, or all of it.
    encoder : what the first stage trains.
    learning : how many samples will be learned from; a batch is at most half of them.

    Raises
    ------
    RecipeError : a method without what it needs, views that do not exist, or views of a size that the encoder cannot take.
    """
    for stage in recipe.stages:
        stage_views = build_views(stage, dataset.spec)
        check_sizes(stage_views, dataset, encoder)
        method = build_method(stage, encoder, seed, dataset)
        method.check_batch(min(stage.settings.batch, learning // 2))
        method.check_data(learning)


def check_sizes(stage_views: list[View], dataset: Dataset, encoder: Encoder) -> None:
    """Raise `RecipeError` where views of one sample differ in size (multi-crop) and the encoder cannot take that.

    An encoder that declares "any-size" is believed; another is tried on the views of two samples.
    """
    if "any-size" in encoder.capabilities:
        return
    made = views.make_views(dataset.batch(range(min(2, len(dataset)))), stage_views, torch.Generator().manual_seed(0))
    first, training = made[0].values.shape[1:], encoder.training
    for view in made:
        if view.values.shape[1:] != first:
            try:
                with torch.no_grad():
                    encoder.eval()(view)
            except (RuntimeError, ValueError) as error:
                sizes = " and ".join(" x ".join(map(str, shape)) for shape in (first, view.values.shape[1:]))
                raise RecipeError(
                    f"these views are of several sizes ({sizes}), and the encoder {encoder.settings.get('name')} takes only one; "
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
    """Run every stage of a recipe on a dataset, training `encoder` in place.

    Stops at the first stage that raises an alarm. With `resume`, finished stages are passed over and the one that was
    interrupted continues where it was saved. It pauses at the share `until` of the budget.
    """
    outcome = PlanOutcome(encoder)
    left = until * budget.amount
    for number, (stage, part) in enumerate(zip(recipe.stages, split_budget(budget, recipe.stages), strict=True)):
        if until < 1 and left <= 0:
            break
        if number and stage.encoder["name"] not in {"auto", encoder.settings.get("name")}:
            raise RecipeError(
                f"recipe {recipe.name!r}, stage {number + 1}: the encoder of the first stage is handed on; remove 'encoder'"
            )
        stage_views = build_views(stage, dataset.spec)
        check_sizes(stage_views, dataset, encoder)
        outcome.method = method = build_method(stage, encoder, seed + 2 * number, dataset)
        settings = stage.settings.model_copy(update={"budget": part, "seed": seed, "device": device, "precision": precision})
        pause = 1.0 if until >= 1 else min(1.0, left / part.amount)
        outcome.stages.append(
            fit(method, dataset, stage_views, settings, folder, stage=number, resume=resume, until=pause, report=report)
        )
        left -= part.amount
        if outcome.alarm is not None:
            break
    return outcome
