"""A batch of tasks: whole sets of points. Of the first points of each the target is known; the others are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from selflearn.data.batch import Batch


@dataclass
class TaskBatch(Batch):
    """Tasks.

    Attributes
    ----------
    values : (batch, points, features) float32 inputs.
    targets : (batch, points) float32 numbers, or int64 classes.
    context : (batch,) int64: of the first so many points of a task, the target is known; the rest are queries.
    """

    targets: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    context: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))

    @property
    def asked(self) -> Tensor:
        """(batch, points) bool, True for queries."""
        return torch.arange(self.values.shape[1], device=self.device) >= self.context[:, None]
