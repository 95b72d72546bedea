"""A view: a changed copy of a batch, made on the batch's device for the whole batch at once, from a given generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from selflearn.data.batch import Batch


class View(Protocol):
    """Anything that turns a batch into a changed copy of it.

    The same batch and generator state give the same view; the parameters of the change are kept in `Batch.changes`.
    """

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch: ...


def make_views(batch: Batch, views: Sequence[View], generator: torch.Generator) -> list[Batch]:
    """One view of `batch` for each of `views`, in order."""
    return [view(batch, generator) for view in views]
