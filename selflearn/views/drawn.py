"""A view in two halves: parameters are drawn, then applied. What was drawn is kept, so a change can be explained and redone."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError


class DrawnView(ABC):
    """Base of views that change each sample by parameters of its own.

    `view.apply(batch, view(batch, generator).changes)` repeats the change without a generator.

    Class attributes
    ----------------
    takes_raw : True where values may still be whole numbers, as stored.
    """

    takes_raw: ClassVar[bool] = False

    @abstractmethod
    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One row of parameters a sample, by name."""

    @abstractmethod
    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The values of `batch` changed by these parameters; `batch` itself stays as it is."""

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        if not (self.takes_raw or batch.values.is_floating_point()):
            name = type(self).__name__
            raise RecipeError(f"{name} changes real numbers, not raw {batch.values.dtype}: put a view before it that scales them")
        # Autocast would multiply in bfloat16, which tells fewer values apart than an 8-bit picture holds.
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            changes = self.draw(batch, generator)
            return batch.replace(values=self.apply(batch, changes), changes=changes)


def uniform(batch: Batch, columns: int, generator: torch.Generator) -> Tensor:
    """(batch, columns) numbers uniform in [0, 1), drawn where the generator lives and moved to the batch."""
    return torch.rand(len(batch), columns, generator=generator, device=generator.device).to(batch.device)


def some(batch: Batch, probability: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which samples get what only some get, each with `probability`, so that nothing need be made for the others.

    No device is waited for: as many samples as may get it on average, rounded up, are drawn, and each of these keeps it by chance.

    Returns
    -------
    (k,) int64 the samples drawn, and (k, 1) bool which of them get it.
    """
    mean = probability * len(batch)
    count = math.ceil(mean)
    numbers = uniform(batch, 2, generator)
    rows = numbers[:, 0].argsort()[:count]
    return rows, numbers[rows, 1:] * count < mean


def between(share: Tensor, span: tuple[float, float]) -> Tensor:
    """Numbers of [0, 1) stretched to `span`."""
    return span[0] + share * (span[1] - span[0])


def spread(rows: Tensor, values: Tensor) -> Tensor:
    """(batch,) numbers, one a sample, with axes of one so that they meet every value of their sample."""
    return rows.view(-1, *[1] * (values.ndim - 1))
