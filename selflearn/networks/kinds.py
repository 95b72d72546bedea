"""Encoders by kind of data and name. A kind is one row of `ENCODERS`; its module holds the table of its encoders."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from selflearn.data.spec import Spec
from selflearn.errors import RecipeError, complaint, nearest
from selflearn.networks.encoder import Encoder
from selflearn.networks.sigma import reparametrised

LINEAR = ("plain", "sigma")

ENCODERS: dict[str, str] = {
    "image": "selflearn.networks.image",
    "sound": "selflearn.networks.sound",
    "series": "selflearn.networks.series",
    "text": "selflearn.networks.text",
    "table": "selflearn.networks.table",
    "graph": "selflearn.networks.graph",
    "task": "selflearn.networks.task",
}
"""Kind of data -> module with `ENCODERS` (name -> factory with keyword options) and `default(spec, accelerator, needs) -> name`."""

Factory = Callable[..., Encoder]


def build(spec: Spec, name: Any, **options: Any) -> Encoder:
    """An untrained encoder (or, for pretrained bodies, a trained one) for data of this spec.

    Parameters
    ----------
    spec : the kind's description of the data.
    name : one of `encoder_names(spec.kind)`; ``"hf:NAME_OR_FOLDER"`` or a model or configuration object of Hugging Face
        transformers for a body of theirs.
    options : what that encoder can be told; its factory documents them. Any encoder with linear layers takes `linear`: "plain", or
        "sigma" for layers whose largest singular value is a learned number (`selflearn.networks.sigma`).

    Raises
    ------
    RecipeError : an unknown name or option (with the nearest right one), a wrong type or a value out of range.

    Examples
    --------
    >>> from selflearn.data.images import ImageSpec
    >>> spec = ImageSpec(channels=3, height=32, width=32, low=0, high=255, mean=(0.5,) * 3, std=(0.25,) * 3, colour=True)
    >>> build(spec, "resnet-narrow").dim
    192
    """
    factories = _module(spec.kind).ENCODERS
    if not isinstance(name, str):
        name, options = "hf", {"source": name, **options}
    elif name.startswith("hf:"):
        name, options = "hf", {"source": name.removeprefix("hf:"), **options}
    if name not in factories:
        raise RecipeError(f"there is no encoder {name!r} for {spec.kind} data{nearest(name, factories)}")
    linear = options.pop("linear", "plain")
    if linear not in LINEAR:
        raise RecipeError(f"encoder {name!r}: linear = {linear!r} must be one of {', '.join(LINEAR)}")
    encoder: Encoder = factories[name](spec, **_checked(factories[name], name, options))
    encoder.settings = {"name": name, **encoder.settings}
    if linear == "sigma":
        reparametrised(encoder)
        encoder.settings["linear"] = linear
    return encoder


def default_encoder(spec: Spec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """The name of the encoder for this data where nobody chose: small ones for a CPU, the usual ones for an accelerator.

    `needs` are the capabilities that the method asks for, such as "tokens".
    """
    name: str = _module(spec.kind).default(spec, accelerator, needs)
    return name


def encoder_names(kind: str) -> list[str]:
    """The names `build` knows for a kind of data, in the order of their table."""
    return list(_module(kind).ENCODERS)


def _module(kind: str) -> ModuleType:
    if kind not in ENCODERS:
        raise RecipeError(f"there are no encoders for {kind!r} data{nearest(kind, ENCODERS)}")
    return importlib.import_module(ENCODERS[kind])


def _checked(factory: Factory, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """`options`, held against the factory's keyword parameters and their annotations."""
    parameters = inspect.signature(factory, eval_str=True).parameters.values()
    known: dict[str, Any] = {each.name: (each.annotation, each.default) for each in parameters if each.kind is each.KEYWORD_ONLY}
    for option in options:
        if option not in known:
            raise RecipeError(f"encoder {name!r} has no option {option!r}{nearest(option, known)}")
    model = create_model("Options", __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True), **known)
    try:
        checked = model(**options)
    except ValidationError as error:
        raise RecipeError(f"encoder {name!r}: {complaint(error)}") from error
    return {option: getattr(checked, option) for option in known}
