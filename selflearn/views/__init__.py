"""Views: changed copies of a batch, made on its device for the whole batch at once, from a given generator."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError, RunError, nearest
from selflearn.views.base import View, make_views
from selflearn.views.compose import Compose

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
        mapping with one and its options.
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


def flat(spec: Spec, batch: Batch) -> Tensor:
    """(batch, features) a view itself as vectors, on the scale of `Dataset.raw`: what the dull baselines see of a view."""
    vectors: Tensor = _kind(spec).flat(spec, batch)
    return vectors


def _kind(spec: Spec) -> ModuleType:
    if spec.kind not in VIEWS:
        raise RecipeError(f"there are no views for data of kind {spec.kind!r}{nearest(spec.kind, VIEWS)}")
    return importlib.import_module(VIEWS[spec.kind])
