"""Finding a method by name. The file names are the registry: a new method is a new file, and nothing else is edited."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from selflearn.errors import RecipeError, nearest
from selflearn.methods.base import Method

ROOM = Path(__file__).parent
OWN = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def find(name: str) -> type[Method]:
    """The method of this name.

    Parameters
    ----------
    name : "BarlowTwins", "barlow_twins" or "barlow-twins" for one that ships; "my_module:MyMethod" for a class of one's own,
        imported from the working folder or PYTHONPATH. Only this explicit form imports foreign code.

    Raises
    ------
    RecipeError : there is no such method (with the nearest name), no such module, or the class is not a method.
    """
    if ":" in name:
        return _own(name)
    wanted = _plain(name)
    for path in _files():
        if _plain(path.stem) == wanted:
            found = _method_in(path)
            if found is not None:
                return found
    raise RecipeError(f"there is no method {name!r}{nearest(name, methods())}")


def methods() -> dict[str, type[Method]]:
    """Class name -> class of every method that ships."""
    found = (_method_in(path) for path in _files())
    return {each.__name__: each for each in found if each is not None}


def _files() -> list[Path]:
    return sorted(ROOM.glob("*/*.py"))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _method_in(path: Path) -> type[Method] | None:
    """The concrete method whose class name is the file's name; None in files that hold something else, such as a base."""
    module = importlib.import_module(f"selflearn.methods.{path.parent.name}.{path.stem}")
    for name, value in vars(module).items():
        if _plain(name) == _plain(path.stem) and _is_method(value) and not inspect.isabstract(value):
            return value
    return None


def _is_method(value: object) -> TypeGuard[type[Method]]:
    return isinstance(value, type) and issubclass(value, Method)


def _own(name: str) -> type[Method]:
    if not OWN.fullmatch(name):
        raise RecipeError(f"{name!r} does not name a method of your own; write my_module:MyMethod")
    place, wanted = name.split(":")
    found = getattr(_import(place, name), wanted, None)
    if not _is_method(found):
        problem = "holds no such class" if found is None else f"holds {wanted}, which is not a subclass of selflearn's Method"
        raise RecipeError(f"{name!r}: the module {place} {problem}")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise RecipeError(f"{name!r} is not complete; it still has to define: {missing}")
    return found


def _import(place: str, name: str) -> ModuleType:
    """The module: a file of the folder one stands in, or whatever Python's own import path has.

    Folders below are not looked into: one of them may be a stranger's, whose recipe or run names a module beside itself.
    """
    here = os.getcwd()
    added = here not in sys.path and Path(here, f"{place}.py").is_file()
    if added:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not (place == error.name or place.startswith(f"{error.name}.")):
            raise RecipeError(f"{name!r}: the module {place} itself imports {error.name}, which is not installed") from error
        raise RecipeError(f"{name!r}: there is no file {place}.py in {here}, and no module {place} on PYTHONPATH") from error
    except SyntaxError as error:
        raise RecipeError(f"{name!r}: line {error.lineno} of {error.filename} is not valid Python: {error.msg}") from error
    finally:
        if added:
            sys.path.remove(here)
