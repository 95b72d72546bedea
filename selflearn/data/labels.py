"""Labels and groups: from files, arrays, mappings and columns to class numbers beside ids. -1, "" and NaN are unlabelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, ID_NAMES, LABEL_NAMES, Columns, find_column, read_columns
from selflearn.data.dataset import Facts, Skipped
from selflearn.data.options import LabelSource
from selflearn.errors import DataError

_UNKNOWN = {"", "-1", "-1.0", "nan"}


def encode(values: Sequence[Any] | np.ndarray, names: Sequence[str] | None = None) -> tuple[np.ndarray, list[str]]:
    """Class numbers and names from raw labels.

    Parameters
    ----------
    values : strings, whole numbers (also as text or float) or booleans; None, "", NaN and -1 mean unlabelled.
    names : names of the classes 0, 1, ... where the source gives them.

    Returns
    -------
    (n,) int64 class numbers, -1 where unknown, and the name of each; numbers in numerical, text in alphabetical order.

    Raises
    ------
    DataError : real numbers, which are targets of regression and no classes.
    """
    plain = [_plain(value) for value in values]
    numbers = {each: _number(each) for each in plain if each is not None}
    if not numbers or None in numbers.values():
        known = sorted(numbers)
    else:
        broken = next((each for each, number in numbers.items() if number != round(number or 0)), None)
        if broken is not None:
            raise DataError(f"labels must name classes, but {broken} is a real number; targets of regression are not supported")
        plain = [None if each is None else str(round(numbers[each] or 0)) for each in plain]  # "1.0" and "1" are one class
        known = sorted({each for each in plain if each is not None}, key=int)
        if names is not None and all(0 <= int(each) < len(names) for each in known):
            return np.array([-1 if each is None else int(each) for each in plain], dtype=np.int64), [str(each) for each in names]
    positions = {each: number for number, each in enumerate(known)}
    return np.array([-1 if each is None else positions[each] for each in plain], dtype=np.int64), known


def attach(facts: Facts, labels: LabelSource | None, groups: LabelSource | None = None, root: Path | None = None) -> Facts:
    """Facts with the labels and groups a person gave; they replace any that the source had.

    Parameters
    ----------
    facts : of all samples.
    labels, groups : a CSV or Parquet file with columns for id, label and group; one value a sample; or a mapping from id to value.
    root : the folder of the source; ids in a file may also be full paths below it, or bare file names where these are unique.

    Raises
    ------
    DataError : no id matches, a wrong number of values, or two labels for one sample.
    """
    if isinstance(labels, str | Path):
        columns = read_columns(_existing(labels, "labels"))
        facts = _set_labels(facts, *_by_id(facts, _mapping(columns, LABEL_NAMES, str(labels), "label"), str(labels), root))
        if groups is None and find_column(columns, GROUP_NAMES) is not None:
            facts = _set_groups(facts, _by_id(facts, _mapping(columns, GROUP_NAMES, str(labels), "group"), str(labels), root)[0])
    elif labels is not None:
        facts = _set_labels(facts, *_given(facts, labels, "labels", root))
    if isinstance(groups, str | Path):
        mapping = _mapping(read_columns(_existing(groups, "groups")), GROUP_NAMES, str(groups), "group")
        facts = _set_groups(facts, _by_id(facts, mapping, str(groups), root)[0])
    elif groups is not None:
        facts = _set_groups(facts, _given(facts, groups, "groups", root)[0])
    return facts


def number_groups(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """(n,) int64 group numbers; a sample whose group is unknown is a group of its own."""
    plain = [None if each is None or str(each).strip().lower() in {"", "nan"} else str(each).strip() for each in values]
    positions = {each: number for number, each in enumerate(sorted({each for each in plain if each is not None}))}
    alone = iter(range(len(positions), len(positions) + len(plain)))
    return np.array([next(alone) if each is None else positions[each] for each in plain], dtype=np.int64)


def take(facts: Facts, positions: np.ndarray) -> Facts:
    """The facts of some samples; a class that is left with one member is noted."""
    kept = replace(
        facts,
        ids=[facts.ids[position] for position in positions],
        labels=facts.labels[positions],
        groups=None if facts.groups is None else facts.groups[positions],
    )
    classes, counts = np.unique(kept.labels[kept.labels >= 0], return_counts=True)
    single = [kept.classes[each] for each in classes[counts == 1] if each < len(kept.classes)]
    if single:
        more = f" and {len(single) - 3} more" if len(single) > 3 else ""
        note = f"with one member only, and so never held out for measuring: {', '.join(single[:3])}{more}"
        kept = replace(kept, notes=[*kept.notes, f"{len(single)} class{'es' if len(single) > 1 else ''} {note}"])
    return kept


def _plain(value: Any) -> str | None:
    """One label as text; None for unlabelled. Whole floats lose their ".0", as a column with a gap makes floats of integers."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, float | np.floating) and np.isfinite(value) and value == int(value):
        value = int(value)
    text = "" if value is None else str(value).strip()
    return None if text.lower() in _UNKNOWN or text in {"None", "<NA>"} else text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _existing(source: str | Path, purpose: str) -> Path:
    path = Path(source).expanduser()
    if not path.is_file():
        raise DataError(f"there is no file {str(source)!r} to read {purpose} from")
    return path


def _mapping(columns: Columns, names: tuple[str, ...], path: str, purpose: str) -> dict[str, Any]:
    """Id -> value of a label file."""
    key, column = find_column(columns, ID_NAMES), find_column(columns, names)
    if key is None or column is None:
        raise DataError(
            f"{path} needs a column of ids (such as {', '.join(ID_NAMES[:3])}) and one of {purpose}s ({', '.join(names[:3])}); "
            f"it has {', '.join(columns)}"
        )
    return without_conflicts(columns[key], columns[column], purpose, path)


def without_conflicts(ids: Sequence[Any], values: Sequence[Any], purpose: str, where: str) -> dict[str, Any]:
    """Id -> value, each id once.

    Raises
    ------
    DataError : two different values for one id; names it.
    """
    mapping: dict[str, Any] = {}
    for each, value in zip(ids, values, strict=True):
        name = str(each)
        if name in mapping and _plain(mapping[name]) != _plain(value):
            raise DataError(f"{where} gives {name} two {purpose}s, {mapping[name]!r} and {value!r}; leave one of them")
        mapping[name] = value
    return mapping


def _given(facts: Facts, values: Any, purpose: str, root: Path | None) -> tuple[list[Any], list[Skipped]]:
    if isinstance(values, Mapping):
        return _by_id(facts, {str(key): value for key, value in values.items()}, f"the mapping of {purpose}", root)
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if len(listed) != len(facts.ids):
        raise DataError(
            f"{len(listed)} {purpose} were given for {len(facts.ids)} samples; there must be one each (-1 where unknown)"
        )
    return listed, []


def _by_id(facts: Facts, mapping: dict[str, Any], where: str, root: Path | None) -> tuple[list[Any], list[Skipped]]:
    """A value for each id, and the keys that match no sample."""
    find = _Finder(facts.ids, root)
    values: list[Any] = [None] * len(facts.ids)
    origin: dict[int, str] = {}
    lost = []
    for key, value in mapping.items():
        found = find(key)
        if found is None:
            lost.append(key)
            continue
        if found in origin and _plain(values[found]) != _plain(value):
            raise DataError(
                f"{where} gives {facts.ids[found]} two values, {values[found]!r} (as {origin[found]}) and {value!r} (as {key}); "
                "leave one of them"
            )
        values[found], origin[found] = value, key
    if not origin:
        example = f"; for instance {lost[0]!r}, where samples are called {facts.ids[0]!r}" if lost and facts.ids else ""
        raise DataError(f"none of the {len(mapping)} ids of {where} is a sample{example}")
    return values, [Skipped(key, f"named in {where}, but there is no such sample") for key in lost]


class _Finder:
    """Which sample a name means: its id; a path that ends in the id or that the id ends in; or the id without its ending."""

    def __init__(self, ids: list[str], root: Path | None) -> None:
        self.ids, self.root = ids, None if root is None else root.resolve()
        self.exact = {each: number for number, each in enumerate(ids)}
        self.by_name = self._once(PurePosixPath(each).name for each in ids)
        self.by_stem = self._once(PurePosixPath(each).stem for each in ids)

    def __call__(self, key: str) -> int | None:
        if key in self.exact:
            return self.exact[key]
        path = PurePosixPath(key.replace("\\", "/"))
        if self.root is not None and path.is_absolute():
            if not path.is_relative_to(self.root.as_posix()):
                return None
            path = path.relative_to(self.root.as_posix())
        if path.as_posix() in self.exact:
            return self.exact[path.as_posix()]
        found = self.by_name.get(path.name)
        if found is not None:
            shorter, longer = sorted((path.parts, PurePosixPath(self.ids[found]).parts), key=len)
            return found if longer[-len(shorter) :] == shorter else None
        return self.by_stem.get(key)

    @staticmethod
    def _once(names: Iterable[str]) -> dict[str, int]:
        """Positions of the names that only one sample has."""
        found: dict[str, int] = {}
        for number, name in enumerate(names):
            found[name] = -1 if name in found else number
        return {name: number for name, number in found.items() if number >= 0}


def _set_labels(facts: Facts, values: list[Any], lost: list[Skipped]) -> Facts:
    numbers, classes = encode(values)
    return replace(facts, labels=numbers, classes=classes, skipped=[*facts.skipped, *lost])


def _set_groups(facts: Facts, values: list[Any]) -> Facts:
    return replace(facts, groups=number_groups(values))
