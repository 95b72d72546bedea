"""Files below a folder, at any depth, and a key that changes when any of them does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selflearn.data.dataset import Skipped
from selflearn.errors import DataError


@dataclass
class Walk:
    """What lies in a folder: relative paths of the wanted files, in order, what could not be looked at, how many others."""

    files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: int = 0


def walk(root: Path, wanted: Callable[[str], bool], most: int | None = None) -> Walk:
    """Every file below `root` that is wanted.

    Hidden files and folders are passed by; links are followed, each folder once, so that loops end.

    Parameters
    ----------
    wanted : tells by its path whether a file is.
    most : stop after so many.
    """
    found = Walk()
    seen: set[tuple[int, int]] = set()
    waiting = [(root, "")]
    while waiting and (most is None or len(found.files) < most):
        folder, name = waiting.pop()
        try:
            state = folder.stat()
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            with os.scandir(folder) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            why = "no permission to look into it" if isinstance(error, PermissionError) else error.strerror or str(error)
            if folder == root:
                raise DataError(f"the folder {root} cannot be read: {why}") from error
            found.skipped.append(Skipped(name, why))
            continue
        folders = []
        for entry in here:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if _is_folder(entry):
                folders.append((Path(entry.path), f"{name}{entry.name}/"))
            elif _can_be_opened(entry) and wanted(entry.path):
                found.files.append(name + entry.name)
            else:
                found.others += 1
        waiting.extend(reversed(folders))
    return found


def certainty_of(found: Walk) -> float:
    """How certain it is that a folder is of the kind of its wanted files: 0.9 where there are no others, never below 0.5 with any.

    A single picture among a hundred recordings is the cover of an album.
    """
    return 0.5 + 0.4 * len(found.files) / (len(found.files) + found.others) if found.files else 0.0


def stamp_of(root: Path, paths: Sequence[str]) -> str:
    """A key of root, relative paths, sizes and times of change; no file is opened."""
    digest = hashlib.blake2b(str(root.resolve()).encode(), digest_size=16)
    for each in paths:
        try:
            state = os.stat(os.path.join(root, each))
            digest.update(f"{each}\0{state.st_size}\0{state.st_mtime_ns}\n".encode(errors="surrogateescape"))
        except OSError:
            digest.update(f"{each}\0missing\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _can_be_opened(entry: os.DirEntry[str]) -> bool:
    """A file, or what looks like one and cannot be reached (to be told as skipped); a pipe would wait for ever."""
    try:
        return entry.is_file() or not os.path.exists(entry.path)
    except OSError:
        return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
