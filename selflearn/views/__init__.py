"""Views: changed copies of a batch, made on its device for the whole batch at once, from a given generator."""

from __future__ import annotations

import importlib
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError, RunError, nearest
from selflearn.views.base import View, make_views
from selflearn.views.checks import ViewOptions, checked_options
from selflearn.views.compose import Compose
from selflearn.views.segments import Segmented

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "VIEWS",
    "Compose",
    "View",
    "asked",
    "build",
    "deploy_inputs",
    "deployed",
    "draw",
    "flat",
    "made_up",
    "make_views",
    "pieces",
    "places",
    "plain",
    "tell",
]

VIEWS = {
    "image": "selflearn.views.image",
    "series": "selflearn.views.series",
    "table": "selflearn.views.table",
    "text": "selflearn.views.text",
    "sound": "selflearn.views.sound",
    "graph": "selflearn.views.graph",
    "task": "selflearn.views.task",
}


def build(spec: Spec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The list of views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the data; its kind decides what `name` means.
    name : "standard", "weak", "plain" for every kind; others as the kind's own `build` tells (`selflearn.views.image.build`);
        "several": the views of all that the option `of` names, one after the other: a mapping from any word to a name or to a
        mapping with one and its options; "segmented": the views that the option `of` names ("standard", or a mapping with a name
        and options), which also keep about `segments` (16) parts of each sample, the more compact the larger `compactness` (1) is.
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
    if name == "several":
        return [view for each in _several(options) for view in build(spec, **{"size": size, **each})]
    if name == "segmented":
        chosen, inner = _segmented(options)
        cells = getattr(_kind(spec), "cells", None)
        if cells is None:
            raise RecipeError(f"{spec.kind} data has no segments; choose other views, such as standard")
        made = build(spec, **{"size": size, **inner})
        return [Segmented(view, partial(cells, spec), chosen.segments, chosen.compactness) for view in made]
    views: list[View] = _kind(spec).build(spec, name, size, **options)
    return views


def asked(spec: Spec, classes: int, name: str = "standard", size: int | None = None, **options: Any) -> dict[str, Asked]:
    """What the views that `build` makes of the same words will ask (`Batch.questions`); nothing, for kinds without questions.

    Parameters
    ----------
    classes : how many classes the data's labels have; 0 where there are none.
    spec, name, size, options : as in `build`.

    Raises
    ------
    RecipeError : two views ask under one name; otherwise as `build`.
    """
    if name == "segmented":
        return asked(spec, classes, **_segmented(options)[1])
    if name != "several":
        kind = _kind(spec)
        return dict(kind.asked(spec, classes, name, size, **options)) if hasattr(kind, "asked") else {}
    found: dict[str, Asked] = {}
    for each in _several(options):
        more = asked(spec, classes, **each)
        if both := sorted(set(found) & set(more)):
            raise RecipeError(f"views 'several': {', '.join(both)} is asked by two of them; leave it out of one")
        found |= more
    return found


class _Segments(ViewOptions):
    of: Any = "standard"
    segments: Annotated[int, Field(ge=2, le=1024)] = 16
    compactness: Annotated[float, Field(ge=0, le=1000)] = 1.0


def _segmented(options: dict[str, Any]) -> tuple[_Segments, dict[str, Any]]:
    """The options of segmented views, and the mapping of the views that are segmented."""
    chosen = checked_options(_Segments, options, "views 'segmented'")
    inner = {"name": chosen.of} if isinstance(chosen.of, str) else chosen.of
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or inner["name"] in {"several", "segmented"}:
        raise RecipeError("views 'segmented': 'of' must be the name of views, or a mapping with a 'name' and options")
    return chosen, inner


def _several(options: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings that `of` holds, each with a name."""
    named = options.get("of")
    if set(options) != {"of"} or not isinstance(named, dict) or not named:
        raise RecipeError("views 'several' take one option, 'of': a mapping such as {pair: standard, asked: {name: questions}}")
    found = [{"name": each} if isinstance(each, str) else each for each in named.values()]
    for word, each in zip(named, found, strict=True):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str) or each["name"] == "several":
            raise RecipeError(f"views 'several': {word!r} must be the name of views, or a mapping with a 'name' and options")
    return found


def plain(spec: Spec, size: int | None = None) -> View:
    """The view for evaluation: all of each sample, unchanged but for its unit scale and size."""
    view: View = _kind(spec).plain(spec, size)
    return view


def draw(spec: Spec, batch: Batch) -> list[Image] | None:
    """How each sample of a view looks to a person; None for kinds whose views are not pictures."""
    kind = _kind(spec)
    return kind.draw(spec, batch) if hasattr(kind, "draw") else None


def tell(spec: Spec, batch: Batch) -> list[str] | None:
    """What each sample of a view says, for kinds that are read and not looked at; None for others."""
    kind = _kind(spec)
    return kind.tell(spec, batch) if hasattr(kind, "tell") else None


def deployed(spec: Spec) -> nn.Module:
    """The view `plain` as a module for an exported graph: named raw tensors (`deploy_inputs`) in, a batch out.

    A view works in chunks and draws from a generator; an exported graph must do neither.

    Raises
    ------
    RunError : this kind of data cannot be exported; says why.
    """
    kind = _kind(spec)
    if not hasattr(kind, "deployed"):
        why = getattr(kind, "NOT_EXPORTED", "its preprocessing has no form that ONNX can carry yet")
        raise RunError(f"an encoder of {spec.kind} data cannot be exported: {why}. Use it from Python: run.embed(data)")
    module: nn.Module = kind.deployed(spec)
    return module


def deploy_inputs(spec: Spec, batch: Batch) -> dict[str, Tensor]:
    """What `deployed` reads of a raw batch, by name; the first axis of each is the batch.

    A graph's other axes are fixed, so a kind whose batches are padded only as far as they need (`filled`) fills them up.
    """
    kind = _kind(spec)
    inputs: dict[str, Tensor] = kind.deploy_inputs(kind.filled(spec, batch) if hasattr(kind, "filled") else batch)
    return inputs


def made_up(spec: Spec, samples: int, seed: int = 0) -> Batch:
    """Random raw samples over the range of a spec, for a check where no real ones are at hand."""
    batch: Batch = _kind(spec).made_up(spec, samples, seed)
    return batch


def places(spec: Spec, view: Batch, points: Tensor) -> Tensor:
    """Where points of a view lie in its samples: what crops, flips and stretches of time did to places, undone.

    Parameters
    ----------
    view : with its `changes`, as `make_views` gave it.
    points : (batch, points, axes) as shares of the view's extent (`Encoder.token_places`).

    Returns
    -------
    (batch, points, axes) float32 in the sample's own coordinates, which are the same for all views of it: shares of a picture's
    height and width; for series and recordings, time as a share of the longest one's.

    Raises
    ------
    RecipeError : a kind whose views have no places.
    """
    kind = _kind(spec)
    if not hasattr(kind, "places"):
        raise RecipeError(f"views of {spec.kind} data have no places that could be compared; choose a method of whole samples")
    with torch.no_grad(), torch.autocast(points.device.type, enabled=False):
        found: Tensor = kind.places(spec, view, points.float())
        return found


def pieces(spec: Spec, view: Batch, tokens: int) -> Tensor | None:
    """(batch, tokens, numbers) a view itself cut into as many parts, in the order of tokens; None for kinds that are not cut so."""
    kind = _kind(spec)
    found: Tensor | None = kind.pieces(spec, view, tokens) if hasattr(kind, "pieces") else None
    return found


def flat(spec: Spec, batch: Batch) -> Tensor:
    """(batch, features) a view itself as vectors, on the scale of `Dataset.raw`: what the dull baselines see of a view."""
    vectors: Tensor = _kind(spec).flat(spec, batch)
    return vectors


def _kind(spec: Spec) -> ModuleType:
    if spec.kind not in VIEWS:
        raise RecipeError(f"there are no views for data of kind {spec.kind!r}{nearest(spec.kind, VIEWS)}")
    return importlib.import_module(VIEWS[spec.kind])
