"""Checks of what a person gives a view: each message names the view, the parameter, its value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selflearn.errors import RecipeError, complaint, nearest

M = TypeVar("M", bound="ViewOptions")
Make = TypeVar("Make")
Share = Annotated[float, Field(ge=0, le=1)]


class ViewOptions(BaseModel):
    """Base of the options that a named list of views takes; every field is an option with its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def checked_options(model: type[M], given: Mapping[str, Any], where: str) -> M:
    """The options in `given`, checked against `model`.

    Raises
    ------
    RecipeError : an unknown option (with the nearest right one), a wrong type or a value out of range.
    """
    for name in given:
        if name not in model.model_fields:
            raise RecipeError(f"{where} have no option {name!r}{nearest(name, model.model_fields)}")
    try:
        return model(**given)
    except ValidationError as error:
        raise RecipeError(f"{where}: {complaint(error)}") from error


def preset(presets: Mapping[str, tuple[type[Any], Make]], name: str, given: Mapping[str, Any], things: str) -> tuple[Make, Any]:
    """What makes the views of this name, and the options in `given`, checked.

    Parameters
    ----------
    presets : name -> the model of its options, and what makes the views from them.
    things : what the views are of, for messages: "tables".

    Raises
    ------
    RecipeError : an unknown name (with the nearest right one), or options that `checked_options` refuses.
    """
    if name not in presets:
        raise RecipeError(f"{things}: there are no views {name!r}{nearest(name, presets)}")
    model, make = presets[name]
    return make, checked_options(model, given, f"views {name!r} of {things}")


def number(owner: object, name: str, value: float, least: float, most: float = math.inf) -> float:
    """`value` as a float, if it lies in [least, most]; else a `RecipeError` that names `owner` and the parameter."""
    if not (isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most):
        bounds = f"at least {least:g}" if math.isinf(most) else f"in [{least:g}, {most:g}]"
        raise RecipeError(f"{type(owner).__name__}: {name} = {value!r} must be a number {bounds}")
    return float(value)


def probability(owner: object, name: str, value: float) -> float:
    """`value` as a float, if it is a probability."""
    return number(owner, name, value, 0.0, 1.0)


def span(owner: object, name: str, value: tuple[float, float], least: float, most: float = math.inf) -> tuple[float, float]:
    """`value` as a pair of floats (from, to), if least <= from <= to <= most."""
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        raise RecipeError(f"{type(owner).__name__}: {name} = {value!r} must be a pair (from, to)")
    low, high = (number(owner, name, each, least, most) for each in value)
    if low > high:
        raise RecipeError(f"{type(owner).__name__}: {name} = {value!r} must be a pair (from, to) with from <= to")
    return low, high


def whole(owner: object, name: str, value: int, least: int, most: int) -> int:
    """`value`, if it is a whole number in [least, most]."""
    if not (isinstance(value, int) and not isinstance(value, bool) and least <= value <= most):
        raise RecipeError(f"{type(owner).__name__}: {name} = {value!r} must be a whole number in [{least}, {most}]")
    return value
