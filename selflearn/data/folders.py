"""Classes from folders, where folders look like classes. Those that name parts of a data set (train, val) are seen through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
UNLABELLED = {"unlabelled", "unlabeled", "unsup"}
HOLDERS = {"images", "img", "pictures", "audio", "recordings", "data", "texts", "txt"}
"""Folder names that name parts of a data set, samples without a label, and what lies in them; none of them a class."""

FEW = 0.1  # a share of files at another level than the rest that may be left unlabelled; more of them, and folders are no classes


@dataclass
class FolderClasses:
    """What folders say of the files in them.

    Attributes
    ----------
    labels : (n,) int64 class numbers, -1 where unknown.
    classes : the name of each class.
    notes : what a person should be told.
    """

    labels: np.ndarray
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def folder_classes(paths: Sequence[str], things: str = "pictures") -> FolderClasses:
    """Labels from folders, where nearly every file lies in exactly one of at least two folders that do not name parts.

    Parameters
    ----------
    paths : relative, with ``/``.
    things : what the files are called in notes.
    """
    every = [tuple(path.split("/")[:-1]) for path in paths]
    told = [number for number, each in enumerate(every) if not any(part.lower() in UNLABELLED for part in each)]
    none = FolderClasses(np.full(len(paths), -1, dtype=np.int64))
    if not told:
        none.notes.append(f"the folders say that the {things} have no labels")
        return none
    folders, seen_through = _see_through([every[number] for number in told])
    usual, files = Counter(len(each) for each in folders).most_common(1)[0]
    stray = [number for number, each in enumerate(folders) if len(each) != usual]
    if usual == 0 and not stray:
        if seen_through:
            none.notes.append(f"the folders {', '.join(seen_through)} name parts of a data set, not classes: unlabelled")
        return none
    if usual == 0 or len(stray) > max(1, FEW * len(told)) or 2 * len(stray) > files:
        none.notes.append(f"{things} lie at several depths, so folders are not taken for classes; labels can be given as a file")
        return none
    example = "/".join(next(each for each in folders if len(each) == usual))
    names = sorted({each[0] for each in folders if len(each) == 1})
    if usual > 1:
        none.notes.append(f"{things} lie {usual} folders deep ({example}), so which of them are classes is not known: unlabelled")
        return none
    if len(names) < 2:
        none.notes.append(f"one folder ({example}) is no choice of classes: not taken as a label")
        return none
    labels = none.labels
    for number, each in zip(told, folders, strict=True):
        labels[number] = names.index(each[0]) if len(each) == 1 else -1
    return FolderClasses(labels, names, _notes(seen_through, [paths[told[number]] for number in stray], things))


def _see_through(folders: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Without leading folders that are no classes: those that name parts or holders, or one that holds nearly everything."""
    seen: list[str] = []
    while True:
        first = {each[0] for each in folders if each}
        parts = bool(first) and all(name.lower() in PARTS | HOLDERS for name in first)
        wrapper = len(first) == 1 and sum(len(each) > 1 for each in folders) > len(folders) / 2
        if not (parts or wrapper):
            return folders, seen
        seen.extend(sorted(first - set(seen)))
        folders = [each[1:] for each in folders]


def _notes(seen_through: list[str], stray: list[str], things: str) -> list[str]:
    notes = [f"classes are the folders below {', '.join(seen_through)}, all of which are read"] if seen_through else []
    if stray:
        many = f"{len(stray):,} {things} lie" if len(stray) > 1 else f"one of the {things} lies"
        notes.append(f"{many} outside the class folders, such as {stray[0]}: unlabelled")
    return notes
