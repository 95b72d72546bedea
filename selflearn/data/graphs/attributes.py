"""What is told of nodes, as numbers: a number as it is, a word as one number for each word, an array as its entries.

Each feature keeps the name it came from, so that an encoder finds its own in other graphs, whatever words these hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selflearn.data.graphs.spec import Attribute
from selflearn.errors import DataError

Attributes = Mapping[str, Sequence[Any]]
MOST_WORDS = 100
_MISSING = {"", "na", "nan", "null", "none", "?"}


def text(value: Any) -> str:
    """A value as a word; empty where there is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def describe(told: Attributes) -> tuple[tuple[Attribute, ...], list[str]]:
    """The features that attributes give, and the names of those that give none: arrays of several lengths, and running text."""
    found, left = list[Attribute](), list[str]()
    for name, column in told.items():
        widths = {len(each) for each in column if _is_array(each)}
        if widths:
            kept = [Attribute(name=name, entry=place) for place in range(max(widths))] if len(widths) == 1 else []
        elif _numbers(column) is not None:
            kept = [Attribute(name=name)]
        else:
            words = sorted({text(each) for each in column})
            few = len(words) <= max(2, min(MOST_WORDS, len(column) // 2))
            kept = [Attribute(name=name, word=word) for word in words] if few else []
        found += kept
        left += [] if kept else [name]
    return tuple(found), left


def as_features(told: Attributes, wanted: Sequence[Attribute], nodes: int) -> np.ndarray:
    """(nodes, features) float32; NaN where a number is missing, 0 for a word that does not stand there."""
    values = np.full((nodes, len(wanted)), np.nan, dtype=np.float32)
    for place, each in enumerate(wanted):
        column = told.get(each.name)
        if each.word is not None:
            values[:, place] = 0.0 if column is None else [text(value) == each.word for value in column]
        elif column is not None:
            values[:, place] = _entries(column, each.entry) if each.entry is not None else _floats(column)
    return values


def differences(told: Attributes, known: Sequence[Attribute], where: str) -> list[str]:
    """What these nodes have that an encoder does not know, and lack that it reads.

    Raises
    ------
    DataError : they have nothing of what it reads.
    """
    names = list(dict.fromkeys(each.name for each in known))
    lacking = [name for name in names if name not in told]
    if len(lacking) == len(names):
        raise DataError(
            f"the encoder reads {', '.join(names[:5])} of each node, and the nodes of {where} have {', '.join(told) or 'nothing'}"
        )
    notes = [f"attributes that the encoder reads and these nodes lack: {', '.join(lacking[:5])}"] if lacking else []
    if unread := [name for name in told if name not in names]:
        notes.append(f"attributes that the encoder does not read: {', '.join(unread[:5])}")
    for name in names:
        words = {each.word for each in known if each.name == name and each.word is not None}
        strange = [word for word in map(text, told.get(name, ())) if words and word not in words]
        if strange:
            notes.append(f"{len(strange):,} nodes whose {name!r} the encoder does not know, such as {strange[0]!r}")
    return notes


def _is_array(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _numbers(column: Sequence[Any]) -> np.ndarray | None:
    """(rows,) float32 with NaN where a value is missing; None where something is no number."""
    try:
        return np.array([np.nan if text(each).lower() in _MISSING else float(each) for each in column], dtype=np.float32)
    except (TypeError, ValueError):
        return None


def _floats(column: Sequence[Any]) -> np.ndarray:
    """Numbers, and NaN for whatever is none."""
    return np.concatenate([[np.nan] if (one := _numbers([each])) is None else one for each in column])


def _entries(column: Sequence[Any], entry: int) -> list[float]:
    return [float(each[entry]) if _is_array(each) and entry < len(each) else np.nan for each in column]
