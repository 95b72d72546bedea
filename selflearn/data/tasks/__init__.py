"""Tasks: whole sets of points drawn from a prior. ``prior:gp`` names one that ships; an object of one's own class is one, too."""

from __future__ import annotations

from typing import Any

from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.data.tasks.batch import TaskBatch
from selflearn.data.tasks.options import TaskReading
from selflearn.data.tasks.priors import PRIORS, GaussianProcess, Prior, SmallTable
from selflearn.data.tasks.spec import TaskSpec
from selflearn.data.tasks.store import Tasks
from selflearn.errors import DataError, complaint, nearest

__all__ = [
    "GaussianProcess",
    "Prior",
    "SmallTable",
    "TaskBatch",
    "TaskReading",
    "TaskSpec",
    "Tasks",
    "read",
    "recognise",
    "spec_class",
]

spec_class = TaskSpec
PREFIX = "prior:"


def recognise(source: Any) -> Recognition | None:
    """A prior by its name, or an object that is one."""
    if isinstance(source, Prior):
        return Recognition("task", 1.0, f"{type(source).__name__} is a prior over tasks")
    if isinstance(source, str) and source.startswith(PREFIX):
        return Recognition("task", 1.0, f"{source!r} names a prior over tasks")
    return None


def read(source: Any, options: ReadOptions) -> Tasks:
    """The tasks of a prior.

    Raises
    ------
    DataError : no such prior, a parameter it has not, or labels or groups, which tasks cannot have.
    """
    if options.labels is not None or options.groups is not None:
        raise DataError("tasks of a prior bring their own targets; they have neither labels nor groups")
    own = {name: value for name, value in options.more.items() if name in TaskReading.model_fields}
    rest = {name: value for name, value in options.more.items() if name not in own}
    reading = kind_options(TaskReading, ReadOptions(more=own))
    prior = _prior(source, rest)
    like = options.like if isinstance(options.like, TaskSpec) else None
    if like is not None and (like.features, like.classes) != (prior.features, prior.classes):
        raise DataError(
            f"the encoder learned from tasks of {like.features} features and {like.classes} classes; this prior draws "
            f"{prior.features} and {prior.classes}"
        )
    return Tasks(prior, reading.tasks, reading.seed, reading.bars, like)


def _prior(source: Any, parameters: dict[str, Any]) -> Prior:
    if isinstance(source, Prior):
        if parameters:
            raise DataError(f"{type(source).__name__} is already made: give {', '.join(parameters)} where it is")
        return source
    name = str(source).removeprefix(PREFIX)
    if name not in PRIORS:
        raise DataError(f"there is no prior {name!r}{nearest(name, PRIORS)}")
    made = PRIORS[name]
    for each in parameters:
        if each not in made.model_fields:
            known = [*made.model_fields, *TaskReading.model_fields]
            raise DataError(f"the prior {name!r} has no parameter {each!r}{nearest(each, known)}; it has {', '.join(known)}")
    try:
        return made(**parameters)
    except ValueError as error:
        raise DataError(f"the prior {name!r}: {complaint(error)}") from error  # type: ignore[arg-type]
