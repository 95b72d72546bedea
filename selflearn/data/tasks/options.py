"""Reading options of tasks beside the parameters of their prior."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TaskReading(BaseModel):
    """How tasks are drawn.

    Attributes
    ----------
    tasks : how many there are: task number i is a function of the seed and i alone, so that none need be kept.
    bars : in how many intervals a number is told.
    seed : of the draws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    tasks: Annotated[int, Field(ge=8, le=10_000_000)] = 200_000
    bars: Annotated[int, Field(ge=3, le=10_000)] = 100
    seed: Annotated[int, Field(ge=0)] = 0
