"""A folder of picture files, at any depth. Folders are classes only where they look like classes; what is left out is counted."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from selflearn.data.dataset import Facts
from selflearn.data.folders import folder_classes
from selflearn.data.images.collect import collect
from selflearn.data.images.decode import ENDINGS
from selflearn.data.images.origins import Files
from selflearn.data.images.store import Images
from selflearn.data.labels import attach
from selflearn.data.options import ReadOptions
from selflearn.data.walk import walk
from selflearn.errors import DataError

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")


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
    return looks_like_a_picture(head) and (head[:2] != b"BM" or not ending)


def looks_like_a_picture(head: bytes) -> bool:
    """Whether first bytes are those of a picture."""
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or head[:2] == b"BM"


def read_folder(root: Path, options: ReadOptions) -> Images:
    """The pictures below a folder.

    Raises
    ------
    DataError : no pictures, or no permission.
    """
    found = walk(root, is_picture)
    if not found.files:
        skipped = f"; {found.skipped[0].what}: {found.skipped[0].why}" if found.skipped else ""
        raise DataError(f"there are no pictures in {root} ({found.others} other files{skipped})")
    known = folder_classes(found.files)
    notes = known.notes if options.labels is None else []
    if found.others:
        notes.append(f"{found.others:,} other file{'s' if found.others != 1 else ''} passed by: no pictures")
    facts = attach(
        Facts(found.files, known.labels, known.classes, None, found.skipped, notes), options.labels, options.groups, root
    )
    return collect(Files(root, found.files), facts, options)


def read_file(path: Path, options: ReadOptions) -> Images:
    """One picture file, as a dataset of one sample."""
    facts = attach(Facts([path.name], np.full(1, -1, dtype=np.int64)), options.labels, options.groups, path.parent)
    return collect(Files(path.parent, [path.name]), facts, options)
