"""The errors a person can meet. Each message says what was wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class SelflearnError(Exception):
    """Base of every error that selflearn raises on purpose."""


class DataError(SelflearnError, ValueError):
    """The data cannot be read, or there is not enough of it to learn from."""


class RecipeError(SelflearnError, ValueError):
    """A recipe, a setting or a combination of them is impossible."""


class BudgetError(SelflearnError, ValueError):
    """A budget cannot be understood."""


class RunError(SelflearnError, RuntimeError):
    """A run folder is missing, damaged, in use, or of another version."""


class MissingExtraError(SelflearnError, ImportError):
    """An optional library is needed; the message names the one command that installs it.

    Parameters
    ----------
    library : the library that could not be imported, e.g. ``"faiss"``.
    extra : selflearn's extra that brings it, e.g. ``"search"``.
    purpose : what it is needed for, as a verb phrase, e.g. ``"search a run"``.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(f"{library} is needed to {purpose}: pip install 'selflearn[{extra}]'")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ``"; did you mean 'simclr'?"``, or the list of what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def complaint(error: ValidationError) -> str:
    """The first thing that pydantic found wrong, in one line: ``"optimiser.lr = -1: Input should be greater than 0"``."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])} = {first.get('input')!r}: {first['msg']}"
