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

    Example
    -------
    >>> import torch
    >>> from selflearn.data.batch import Batch
    >>> from selflearn.views.image import Colour, Geometry, Solarise
    >>> pictures = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    >>> batch = Batch(values=pictures, index=torch.arange(4), labels=torch.full((4,), -1))
    >>> view = Compose([Geometry(32, scale=(0.3, 1.0), high=255), Colour(brightness=0.2), Solarise(probability=0.1)])
    >>> changed = view(batch, torch.Generator().manual_seed(0))
    >>> changed.values.dtype, sorted(changed.changes)
    (torch.float32, ['crop', 'flip', 'grey', 'jitter', 'jitter_order', 'solarise'])
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
