"""What views and encoders must know of tasks."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator

from selflearn.data.spec import Spec


class TaskSpec(Spec):
    """Sets of points, each with inputs and a target: what a prior draws.

    Attributes
    ----------
    features : numbers of an input, at most; those that a task does not use are 0.
    classes : how many classes targets have, at most; 0 where targets are numbers.
    points : of a task.
    borders : (bars + 1,) of the bars in which a number is told, each of which holds equally many of the prior's; empty for classes.
    mean, std : of each feature under the prior; empty where an encoder is to standardise by the context instead.
    prior : its name and parameters, for the record.
    """

    kind: ClassVar[str] = "task"
    features: int = Field(ge=1)
    classes: int = Field(default=0, ge=0)
    points: int = Field(ge=2)
    borders: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    prior: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> TaskSpec:
        if self.classes == 1 or bool(self.classes) == bool(self.borders):
            raise ValueError("targets are either of two or more classes, or numbers between borders")
        if list(self.borders) != sorted(set(self.borders)) or len(self.borders) in {1, 2, 3}:
            raise ValueError("borders must rise, and make at least three bars")
        if len(self.mean) not in {0, self.features} or len(self.std) != len(self.mean):
            raise ValueError(f"mean and std need a number for each of {self.features} features, or none")
        return self

    @property
    def form(self) -> str:
        """What targets are: "numbers" or "classes"."""
        return "classes" if self.classes else "numbers"

    @property
    def outputs(self) -> int:
        """How many logits tell a target: a class each, or a bar each."""
        return self.classes or len(self.borders) - 1

    def describe(self) -> str:
        """E.g. "tasks of 60 points, 1 feature, targets are numbers"."""
        target = f"up to {self.classes} classes" if self.classes else "numbers"
        drawn = f" drawn from the prior {self.prior['name']}" if "name" in self.prior else ""
        return f"tasks of {self.points} points{drawn}, {self.features} feature{'s'[: self.features > 1]}, targets are {target}"
