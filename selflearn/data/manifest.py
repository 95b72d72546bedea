"""Tables that name files: a column of paths (or of the encoded files themselves), and columns for labels and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, Columns, find_column, named_column
from selflearn.data.dataset import Facts
from selflearn.data.labels import attach, encode, number_groups, without_conflicts
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError


@dataclass(frozen=True)
class Manifest:
    """The files that a table names, each once, and what it says of them. Paths are relative to the table's folder."""

    items: list[Any]
    facts: Facts


def manifest(columns: Columns, name: str, where: str, root: Path, options: ReadOptions) -> Manifest:
    """Files, labels and groups from columns.

    Parameters
    ----------
    name : the column that holds the files.
    where : what the table is called in messages.
    root : what paths are relative to.

    Raises
    ------
    DataError : a column asked for that is not there, or two labels for one file.
    """
    items = columns[name]
    label = role_column(columns, options.labels, LABEL_NAMES, "labels", name)
    group = role_column(columns, options.groups, GROUP_NAMES, "groups", name)
    notes = []
    if all(isinstance(each, str) for each in items):
        items = [Path(each).as_posix() for each in items]  # "./a.png" and "a.png" are one file
        rows, repeated = _once(items, columns[label] if label else None, where)
        if repeated:
            notes.append(f"{repeated:,} files are named more than once in {where}: each is taken once")
        items = ids = [items[row] for row in rows]
    else:
        rows, ids = list(range(len(items))), [str(number) for number in range(len(items))]
    labels, classes = encode([columns[label][row] for row in rows]) if label else (np.full(len(ids), -1, dtype=np.int64), [])
    groups = number_groups([columns[group][row] for row in rows]) if group else None
    if label:
        notes.append(f"labels are taken from the column {label!r}")
    if group:
        notes.append(f"groups are taken from the column {group!r}")
    facts = attach(
        Facts(ids, labels, classes, groups, [], notes),
        None if names_column(columns, options.labels) else options.labels,
        None if group else options.groups,
        root,
    )
    return Manifest(items, facts)


def path_list(items: Sequence[str | Path]) -> list[str]:
    """A list of paths as ids.

    Raises
    ------
    DataError : one is named twice.
    """
    paths = [Path(each).expanduser().as_posix() for each in items]
    repeated = len(paths) - len(set(paths))
    if repeated:
        raise DataError(f"{repeated} paths of the list are named more than once; every sample needs its own")
    return paths


def names_column(columns: Columns, wanted: Any) -> bool:
    """Whether what a person gave is the name of a column."""
    return isinstance(wanted, str) and find_column(columns, [wanted.strip().lower()]) is not None


def role_column(columns: Columns, wanted: Any, names: tuple[str, ...], purpose: str, taken: str) -> str | None:
    """The column a person named, or, where nothing else was given, one with a telling name."""
    if isinstance(wanted, str) and not Path(wanted).is_file():
        return named_column(columns, wanted, purpose)
    if wanted is not None:
        return None
    found = find_column(columns, names)
    return found if found != taken else None


def _once(items: list[str], labels: list[Any] | None, where: str) -> tuple[list[int], int]:
    """Rows that name each file the first time, and how many name one again."""
    if labels is not None:
        without_conflicts(items, labels, "label", where)
    first: dict[str, int] = {}
    for row, item in enumerate(items):
        first.setdefault(item, row)
    return list(first.values()), len(items) - len(first)
