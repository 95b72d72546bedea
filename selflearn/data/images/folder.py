"""A folder of picture files, at any depth. Folders are classes only where they look like classes; what is left out is counted."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.folders import folder_classes
from selflearn.data.images.collect import collect
from selflearn.data.images.decode import ENDINGS
from selflearn.data.images.origins import Files
from selflearn.data.images.store import Images
from selflearn.data.labels import attach
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")


@dataclass
class Walk:
    """What lies in a folder: relative paths of pictures, in order, what could not be looked at, and how many other files."""

    pictures: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: int = 0


def walk(root: Path, most: int | None = None) -> Walk:
    """Every picture file below `root`: by its ending, or by its first bytes where the ending is not known.

    Hidden files and folders are passed by; links are followed, each folder once, so that loops end.

    Parameters
    ----------
    most : stop after so many pictures.
    """
    found = Walk()
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    prefix = len(os.path.join(root, ""))
    while waiting and (most is None or len(found.pictures) < most):
        folder = waiting.pop()
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
            found.skipped.append(Skipped(folder.relative_to(root).as_posix() + "/", why))
            continue
        folders = []
        for entry in here:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if _is_folder(entry):
                folders.append(Path(entry.path))
            elif _can_be_opened(entry) and is_picture(entry.path):
                found.pictures.append(entry.path[prefix:].replace(os.sep, "/"))
            else:
                found.others += 1
        waiting.extend(reversed(folders))
    return found


def is_picture(path: str | Path) -> bool:
    """Whether a file has the ending, or else the first bytes, of a picture."""
    ending = os.path.splitext(path)[1].lower()
    if ending in ENDINGS:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:] == b"WEBP") or (head[:2] == b"BM" and not ending)


def read_folder(root: Path, options: ReadOptions) -> Images:
    """The pictures below a folder.

    Raises
    ------
    DataError : no pictures, or no permission.
    """
    found = walk(root)
    if not found.pictures:
        skipped = f"; {found.skipped[0].what}: {found.skipped[0].why}" if found.skipped else ""
        raise DataError(f"there are no pictures in {root} ({found.others} other files{skipped})")
    known = folder_classes(found.pictures)
    notes = known.notes if options.labels is None else []
    if found.others:
        notes.append(f"{found.others:,} other file{'s' if found.others != 1 else ''} passed by: no pictures")
    facts = attach(
        Facts(found.pictures, known.labels, known.classes, None, found.skipped, notes), options.labels, options.groups, root
    )
    return collect(Files(root, found.pictures), facts, options)


def read_file(path: Path, options: ReadOptions) -> Images:
    """One picture file, as a dataset of one sample."""
    facts = attach(Facts([path.name], np.full(1, -1, dtype=np.int64)), options.labels, options.groups, path.parent)
    return collect(Files(path.parent, [path.name]), facts, options)


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
