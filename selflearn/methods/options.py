"""Settings of a method are its annotated class attributes; here they are checked and set. Nothing else needs declaring."""

from __future__ import annotations

import inspect
import typing
from typing import Annotated, Any, ClassVar, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import ConfigDict, ValidationError, create_model

from selflearn.errors import RecipeError, complaint, nearest

Share = Annotated[float, Ge(0), Le(1)]
Width = Annotated[int, Gt(0)]


def declared_options(cls: type) -> dict[str, tuple[Any, Any]]:
    """Name -> (type, default) of every public annotated class attribute with a default, base classes first."""
    options: dict[str, tuple[Any, Any]] = {}
    for base in reversed(cls.__mro__):
        if not getattr(base, "__module__", "").startswith("torch"):
            own = inspect.get_annotations(base)
            hints = typing.get_type_hints(base, include_extras=True) if own else {}
            for name in own:
                hint = hints[name]
                if get_origin(hint) is not ClassVar and not name.startswith("_") and name in base.__dict__:
                    options[name] = (hint, base.__dict__[name])
    return options


def check_options(cls: type, given: dict[str, Any]) -> dict[str, Any]:
    """Every option of `cls` with its value: given or default.

    Raises
    ------
    RecipeError : an unknown name (with the nearest right one), a wrong type or a value out of range.
    """
    options = declared_options(cls)
    for name in given:
        if name not in options:
            raise RecipeError(f"{cls.__name__} has no setting {name!r}{nearest(name, options)}")
    fields: dict[str, Any] = dict(options)
    model = create_model(cls.__name__, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True), **fields)
    try:
        checked = model(**given)
    except ValidationError as error:
        raise RecipeError(f"{cls.__name__}: {complaint(error)}") from error
    return {name: getattr(checked, name) for name in options}
