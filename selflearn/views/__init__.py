"""Views: changed copies of a batch, made on its device for the whole batch at once, from a given generator."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError, nearest
from selflearn.views.base import View, make_views
from selflearn.views.compose import Compose

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["VIEWS", "Compose", "View", "build", "draw", "flat", "make_views", "plain"]

VIEWS = {"image": "selflearn.views.image", "table": "selflearn.views.table"}


def build(spec: Spec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The list of views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the data; its kind decides what `name` means.
    name : "standard", "weak", "plain" for every kind; others as the kind's own `build` tells (`selflearn.views.image.build`).
    size : the target size, where the kind has one; None takes the data's own.
    options : settings of these views.

    Raises
    ------
    RecipeError : a kind without views, an unknown name or option (with the nearest right one), a value out of range.

    Example
    -------
    >>> import torch
    >>> from selflearn.data import read
    >>> dataset = read("digits")
    >>> views = build(dataset.spec, "standard", size=12, rotation=5)
    >>> first, second = make_views(dataset.batch(range(16)), views, torch.Generator().manual_seed(0))
    >>> first.values.shape, sorted(first.changes)
    (torch.Size([16, 1, 12, 12]), ['crop', 'flip', 'grey', 'jitter', 'jitter_order', 'warp'])
    """
    views: list[View] = _kind(spec).build(spec, name, size, **options)
    return views


def plain(spec: Spec, size: int | None = None) -> View:
    """The view for evaluation: all of each sample, unchanged but for its unit scale and size."""
    view: View = _kind(spec).plain(spec, size)
    return view


def draw(spec: Spec, batch: Batch) -> list[Image] | None:
    """How each sample of a view looks to a person; None for kinds whose views are not pictures."""
    kind = _kind(spec)
    return kind.draw(spec, batch) if hasattr(kind, "draw") else None


def flat(spec: Spec, batch: Batch) -> Tensor:
    """(batch, features) a view itself as vectors, on the scale of `Dataset.raw`: what the dull baselines see of a view."""
    vectors: Tensor = _kind(spec).flat(spec, batch)
    return vectors


def _kind(spec: Spec) -> ModuleType:
    if spec.kind not in VIEWS:
        raise RecipeError(f"there are no views for data of kind {spec.kind!r}{nearest(spec.kind, VIEWS)}")
    return importlib.import_module(VIEWS[spec.kind])
