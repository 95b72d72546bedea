"""Together: several methods learn with one encoder at once; how their losses make one step is the stage's `combine`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from annotated_types import Ge, MinLen
from torch import nn

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked
from selflearn.errors import RecipeError, nearest
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.find import find
from selflearn.methods.options import declared_options

OWN = ("fit", "weight", "views")
"""Keys of a task that are not settings of its method."""


class Together(Method):
    """Each task is a method with heads of its own; their losses stand side by side, each under its task's name.

    With `combine: sum` that is joint training, ``L = sum_k weight_k L_k`` (labels and pretext tasks: Jin et al., 2020); with
    `combine: pareto` tasks are weighed at each step (Ju et al., 2023).

    Settings
    --------
    tasks : name -> a mapping: `fit`, the name of a method; `weight` of its losses (1); `views`, the numbers of those views that it
        gets (all); every other key is a setting of the method.
    only : names of the tasks that learn, to see what each does; empty for all.
    classes, samples, asked : for those tasks that have such settings; None takes them from the data and the views.
    """

    tasks: Annotated[dict[str, dict[str, Any]], MinLen(1)] = {}
    only: list[str] = []
    classes: Annotated[int, Ge(2)] | None = None
    samples: Annotated[int, Ge(1)] | None = None
    asked: dict[str, Asked] | None = None

    @classmethod
    def parts(cls, options: Mapping[str, Any]) -> tuple[type[Method], ...]:
        """Itself and its tasks' methods."""
        tasks = _learning(options.get("tasks", {}), options.get("only", []))
        return (cls, *(part for name, task in tasks.items() for part in _method(name, task).parts(task)))

    def build(self) -> None:
        """Make every task's method around the one encoder."""
        if not self.tasks:
            raise RecipeError("Together has no tasks; give it some, such as tasks: {contrast: {fit: SimCLR, views: [0, 1]}}")
        learning = _learning(self.tasks, self.only)
        self.methods = nn.ModuleDict({name: self._make(name, task) for name, task in learning.items()})
        self.weights = {name: _weight(name, task) for name, task in learning.items()}

    def _make(self, name: str, task: dict[str, Any]) -> Method:
        method = _method(name, task)
        options = {key: value for key, value in task.items() if key not in OWN}
        for shared in ("classes", "samples", "asked"):
            if shared in declared_options(method) and options.get(shared) is None and getattr(self, shared) is not None:
                options[shared] = getattr(self, shared)
        try:
            return method(self.encoder, **options)
        except RecipeError as error:
            raise RecipeError(f"task {name!r}: {error}") from error

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Every task in turn, on its views."""
        losses: Losses = {}
        outcomes: list[Outcome] = []
        told: Losses = {}
        for name, method in self.methods.items():
            outcome: Outcome = method(self._views(name, views), generator)
            outcomes.append(outcome)
            told |= {f"{name}: {what}": value for what, value in outcome.told.items()}
            for part, loss in outcome.losses.items():
                losses[name if len(outcome.losses) == 1 else f"{name}: {part}"] = self.weights[name] * loss
        # One task whose target is given by the data is enough to keep the encoder from saying the same of everything.
        collapsing = all(outcome.can_collapse for outcome in outcomes)
        return Outcome(losses, outcomes[0].embedding, collapsing, told)

    def _views(self, name: str, views: list[Batch]) -> list[Batch]:
        numbers = self.tasks[name].get("views")
        if numbers is None:
            return views
        if not isinstance(numbers, list) or not all(isinstance(each, int) and 0 <= each < len(views) for each in numbers):
            raise RecipeError(f"task {name!r}: views = {numbers!r} must be a list of numbers from 0 to {len(views) - 1}")
        return [views[each] for each in numbers]

    def begin(self, previous: Method | None) -> None:
        """Every task's own."""
        for method in self._all():
            method.begin(previous)

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """What any task refuses."""
        for method in self._all():
            method.check_batch(samples, steps)

    def check_data(self, samples: int) -> None:
        """What any task refuses."""
        for method in self._all():
            method.check_data(samples)

    def after_update(self, progress: float) -> None:
        """Every task's own."""
        for method in self._all():
            method.after_update(progress)

    def _all(self) -> list[Method]:
        return [method for method in self.methods.values() if isinstance(method, Method)]


def _learning(tasks: dict[str, Any], only: list[str]) -> dict[str, Any]:
    for name in only:
        if name not in tasks:
            raise RecipeError(f"Together: only names {name!r}, which is no task{nearest(name, tasks)}")
    return {name: task for name, task in tasks.items() if not only or name in only}


def _method(name: str, task: Any) -> type[Method]:
    if not isinstance(task, Mapping) or not isinstance(task.get("fit"), str):
        raise RecipeError(f"task {name!r} must be a mapping with 'fit', the name of a method")
    method = find(task["fit"])
    known = [*OWN, *declared_options(method)]
    for key in task:
        if key not in known:
            raise RecipeError(f"task {name!r} has an unknown key {key!r}{nearest(str(key), known)}")
    return method


def _weight(name: str, task: Mapping[str, Any]) -> float:
    weight = task.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
        raise RecipeError(f"task {name!r}: weight = {weight!r} must be a number of at least 0")
    return float(weight)
