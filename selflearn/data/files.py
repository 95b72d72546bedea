"""Kinds whose samples lie in files of their own, so that a long list of files can be read a part at a time, by anyone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from selflearn.data.kinds import KINDS
from selflearn.data.walk import Walk, walk
from selflearn.errors import DataError


def files_below(root: str | Path, kind: str) -> Walk:
    """The files of a kind below a folder, in the order in which `read` takes them; nothing is opened that its name tells.

    Raises
    ------
    DataError : no folder, a kind whose samples do not lie in files, or none of its files there.
    """
    folder = Path(root).expanduser()
    wanted: Callable[[str], bool] | None = getattr(import_module(KINDS[kind]), "is_file", None)
    if wanted is None:
        raise DataError(f"{kind} data does not lie in one file a sample, as pictures and recordings do: it cannot be read in parts")
    if not folder.is_dir():
        raise DataError(f"{root} is no folder of {kind} files: it cannot be read in parts")
    found = walk(folder, wanted)
    if not found.files:
        raise DataError(f"there are no {kind} files in {folder} ({found.others} other files)")
    return found
