"""Views one after the other as one view."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.base import View


class Compose:
    """Apply `views` in order; the parameters of all are kept in `Batch.changes`.

    Parameters
    ----------
    views : the views; each gets what the one before it gave.
    scope : what the result is called: "global" (nearly the whole sample) or "local" (a small part of it).
    """

    def __init__(self, views: Sequence[View], scope: str = "global") -> None:
        if scope not in ("global", "local"):
            raise RecipeError(f"Compose: scope = {scope!r} must be 'global' or 'local'")
        self.views = list(views)
        self.scope = scope

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        for view in self.views:
            batch = view(batch, generator)
        return batch.replace(scope=self.scope)
