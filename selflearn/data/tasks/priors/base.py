"""A prior over tasks: what a researcher believes about data sets, written as a way to draw them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class Prior(BaseModel, ABC):
    """Base of every prior: write `draw`. Parameters are fields, so they are checked, and kept with what was learned.

    Class attributes
    ----------------
    name : what it is called after ``prior:``.
    fixed_scale : True where inputs and targets have the prior's own scale, to which other data must be brought; False where an
        encoder is to standardise inputs by each task's context.

    Attributes
    ----------
    points : of a task.
    features : numbers of an input, at most.
    classes : most classes of a target; 0 for numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str] = "own"
    fixed_scale: ClassVar[bool] = True

    points: Annotated[int, Field(ge=4, le=4096)] = 60
    features: Annotated[int, Field(ge=1, le=1024)] = 1
    classes: Annotated[int, Field(ge=0, le=100)] = 0

    @abstractmethod
    def draw(self, generators: Sequence[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        """One task from each generator.

        Returns
        -------
        (tasks, points, features) inputs, features that a task does not use being 0; and (tasks, points) targets: numbers, or
        classes from 0. The points of a task are exchangeable, and a task depends on its own generator alone.
        """

    def exact(self, values: np.ndarray, targets: np.ndarray, context: int) -> np.ndarray | None:
        """(points - context,) log density of each query's target under the exact posterior predictive; None where none is known.

        Parameters
        ----------
        values, targets : (points, features) and (points,) of one task.
        context : the targets of the first so many points are known.
        """
        return None

    def describe(self) -> dict[str, Any]:
        """Name and parameters as plain JSON."""
        return {"name": self.name if self.name != "own" else type(self).__name__, **self.model_dump(mode="json")}
