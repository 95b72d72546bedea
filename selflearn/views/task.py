"""Views of tasks: points in another order, and another share of their targets known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.tasks.batch import TaskBatch
from selflearn.data.tasks.drawing import draw_task
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, preset

if TYPE_CHECKING:
    from PIL.Image import Image

    from selflearn.data.tasks import TaskSpec

__all__ = ["Divide", "Plain", "build", "draw", "flat", "made_up", "plain"]

NOT_EXPORTED = "it answers for sets of points of any number, which a graph of fixed inputs cannot carry"


class _Divided(ViewOptions):
    least: Annotated[float, Field(ge=0, lt=1)] = 0.0
    most: Annotated[float, Field(ge=0, le=1)] = 1.0


class Plain:
    """The tasks as they are."""

    def __call__(self, batch: Batch, generator: torch.Generator) -> TaskBatch:
        return _tasks(batch)


class Divide:
    """Points in a random order, of which the first are the context: as many for every task of the batch, drawn anew for each batch.

    Parameters
    ----------
    least, most : share of the points that are context, uniform between the two; at least one point stays a query.
    """

    def __init__(self, least: float, most: float) -> None:
        if least > most:
            raise RecipeError(f"Divide: least = {least} must not be above most = {most}")
        self.least, self.most = least, most

    def __call__(self, batch: Batch, generator: torch.Generator) -> TaskBatch:
        tasks = _tasks(batch)
        count, points, features = tasks.values.shape
        device = generator.device
        share = float(torch.rand(1, generator=generator, device=device))
        known = min(int((self.least + share * (self.most - self.least)) * points), points - 1)
        order = torch.rand(count, points, generator=generator, device=device).argsort(dim=1).to(tasks.device)
        return tasks.replace(
            values=tasks.values.gather(1, order[..., None].expand(-1, -1, features)),
            targets=tasks.targets.gather(1, order),
            context=torch.full_like(tasks.context, known),
            changes={"order": order},
        )


def build(spec: TaskSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The view that a method gets.

    Parameters
    ----------
    spec : of the tasks.
    name : "standard" (and "weak"): points in a random order, of which a share between `least` (0) and `most` (1) is the context.
        "plain": the tasks as they are.
    size : None; tasks have no other size than their own.
    options : settings of these views.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "tasks")
    return [make(chosen)]


PRESETS: dict[str, tuple[type[Any], Callable[[Any], View]]] = {
    "standard": (_Divided, lambda options: Divide(options.least, options.most)),
    "weak": (_Divided, lambda options: Divide(options.least, options.most)),
    "plain": (ViewOptions, lambda options: Plain()),
}


def plain(spec: TaskSpec, size: int | None = None) -> View:
    """The tasks themselves: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of tasks have no size (got {size!r}); leave it out")
    return Plain()


def flat(spec: TaskSpec, batch: Batch) -> Tensor:
    """(batch, points * (features + 1)) inputs and targets as vectors, as `Tasks.raw` gives them."""
    tasks = _tasks(batch)
    return torch.cat([tasks.values, tasks.targets.float()[..., None]], dim=2).flatten(1)


def draw(spec: TaskSpec, batch: Batch) -> list[Image]:
    """The context of each task of a view; all points where nothing is known."""
    pictures = []
    tasks = _tasks(batch)
    for values, targets, known in zip(tasks.values.cpu().numpy(), tasks.targets.cpu().numpy(), tasks.context.tolist(), strict=True):
        shown = slice(0, known or len(targets))
        pictures.append(draw_task(values[shown], targets[shown], spec.classes, 96))
    return pictures


def made_up(spec: TaskSpec, samples: int, seed: int = 0) -> TaskBatch:
    """Random points, half of them known."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(samples, spec.points, spec.features)).astype(np.float32)
    told = (
        random.integers(spec.classes, size=(samples, spec.points)) if spec.classes else random.normal(size=(samples, spec.points))
    )
    return TaskBatch(
        torch.from_numpy(values),
        torch.arange(samples),
        torch.full((samples,), -1),
        targets=torch.from_numpy(told.astype(np.int64 if spec.classes else np.float32)),
        context=torch.full((samples,), spec.points // 2),
    )


def _tasks(batch: Batch) -> TaskBatch:
    if not isinstance(batch, TaskBatch):
        raise RecipeError(f"these views change tasks, not a {type(batch).__name__}")
    return batch
