"""From columns as found to cells as learned from: what is used, what is left out, on which scales; and new rows read alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from selflearn.data.tables.meaning import Meaning, calendar, understand
from selflearn.data.tables.options import TableReading
from selflearn.data.tables.scales import fit_scale
from selflearn.data.tables.spec import OTHER, Column
from selflearn.errors import DataError

LOOKED_AT = 100_000
"""Rows that scales and categories are found on; of longer tables, rows drawn evenly."""
FEWEST = 8  # rows from which a column that never varies is one that never will
WORDY = 3.0  # words on average from which strings that mostly differ are running text
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass
class Said:
    """What a person should be told of the columns, gathered while they are looked at."""

    left_out: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    rare: dict[str, int] = field(default_factory=dict)
    dates: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """One line for each thing."""
        lines = [f"left out: {_listed(names)} ({why})" for why, names in self.left_out.items()]
        for counted, what in (
            (self.missing, "missing cells, which the encoder sees as missing"),
            (self.infinite, "cells that are infinite or too large for 32 bits, taken as missing"),
            (self.unread, "cells that are no number among numbers, taken as missing"),
            (self.rare, "cells of rare categories, taken as one"),
            (self.unseen, "cells of categories rare or never seen in learning, taken as other"),
        ):
            if counted:
                columns = f"{len(counted):,} column{'s' if len(counted) != 1 else ''}"
                lines.append(f"{sum(counted.values()):,} {what}, in {columns}: {_listed(list(counted))}")
        if self.dates:
            lines.append(f"dates become days and parts of the calendar: {_listed(self.dates)}")
        return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def build(found: dict[str, Any], reading: TableReading, said: Said, named: bool = True) -> tuple[tuple[Column, ...], np.ndarray]:
    """The columns worth learning from, and their cells.

    Parameters
    ----------
    named : whether the columns have names of their own; an array's are then never taken for ids.

    Returns
    -------
    The columns, and (rows, columns) float32: numbers as they are, codes of categories, NaN where missing.
    """
    columns: list[Column] = []
    cells: list[np.ndarray] = []
    for name, raw in found.items():
        force = "category" if name in reading.categories else "number" if name in reading.numbers else None
        meaning = understand(raw, force)
        if meaning.unread:
            said.unread[name] = meaning.unread
        why = meaning.nothing or _useless(name, meaning, named, forced=force is not None)
        if why:
            said.left_out.setdefault(why, []).append(name)
            continue
        for column, values in _made(name, meaning, reading, said):
            columns.append(column)
            cells.append(values)
    if not columns:
        reasons = "; ".join(f"{_listed(names)}: {why}" for why, names in said.left_out.items())
        raise DataError(
            f"no column is left to learn from ({reasons or 'there is none'}); --read categories=NAME keeps one of names"
        )
    return tuple(columns), np.stack(cells, axis=1)


def rebuild(found: dict[str, Any], columns: Sequence[Column], said: Said) -> np.ndarray:
    """(rows, columns) float32 cells of another table, read as `columns` say; what was never seen is `OTHER`."""
    meanings: dict[str, Meaning] = {}
    cells = []
    for column in columns:
        if column.source not in meanings:
            meanings[column.source] = understand(found[column.source], _force(column))
            if unread := meanings[column.source].unread:
                said.unread[column.source] = unread
        meaning = meanings[column.source]
        values = _part(meaning, column, said)
        cells.append(values)
        gone = int(np.isnan(values).sum())
        if gone and column.part in (None, "days"):
            said.missing[column.source] = gone
    return np.stack(cells, axis=1)


def _force(column: Column) -> str | None:
    if column.part is not None:
        return None
    return "number" if column.is_number else "category"


def _part(meaning: Meaning, column: Column, said: Said) -> np.ndarray:
    """One column's cells of a new table."""
    count = len(meaning.numbers if meaning.numbers is not None else meaning.codes if meaning.codes is not None else ())
    if column.part is not None:
        if not meaning.date or meaning.numbers is None:
            return np.full(count, np.nan, dtype=np.float32)
        values = meaning.numbers if column.part == "days" else calendar(meaning.numbers)[column.part]
        if column.is_number:
            return values.astype(np.float32)
        names = MONTHS if column.part == "month" else DAYS
        first = 1 if column.part == "month" else 0
        meaning = Meaning(codes=np.where(np.isnan(values), -1, np.nan_to_num(values) - first).astype(np.int64), values=list(names))
    if column.is_number:
        return _single(meaning.numbers, column.name, said) if meaning.numbers is not None else np.full(count, np.nan, np.float32)
    place = {value: code for code, value in enumerate(column.categories, start=1)}
    codes, names_of = meaning.codes, meaning.values
    if codes is None or names_of is None:
        return np.full(count, np.nan, dtype=np.float32)
    table = np.array([place.get(value, OTHER) for value in names_of] + [np.nan], dtype=np.float32)
    made: np.ndarray = table[codes]
    unseen = int((made == OTHER).sum())
    if unseen:
        said.unseen[column.name] = unseen
    return made


def _useless(name: str, meaning: Meaning, named: bool, forced: bool) -> str:  # noqa: PLR0911 (a rule a line)
    """Why nothing can be learned from a column; "" where something can."""
    if meaning.numbers is not None:
        return _useless_numbers(name, meaning, named)
    codes, values = meaning.codes, meaning.values
    if codes is None or values is None:
        return ""
    present = codes[codes >= 0]
    if not len(present):
        return "no value in any row"
    if len(np.unique(present)) == 1 and len(present) == len(codes) >= FEWEST:
        return "the same in every row"
    different = len(np.unique(present))
    if forced or different < 20 or different < 0.5 * len(present):
        return ""
    used = [values[code] for code in np.unique(present)[:1000]]
    if sum(len(each.split()) for each in used) / len(used) >= WORDY:
        return "running text; --kind text learns from it"
    return "different in nearly every row, as ids are" if different > 0.9 * len(present) else ""


def _useless_numbers(name: str, meaning: Meaning, named: bool) -> str:
    numbers = meaning.numbers
    assert numbers is not None
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    present = single[np.isfinite(single)]
    if not len(present):
        return "no value in any row"
    if (present == present[0]).all() and len(numbers) >= FEWEST:
        return "the same in every row" if len(present) == len(numbers) else ""
    if not named:
        return ""
    steps = np.diff(numbers)
    if len(numbers) > 20 and (steps == 1).all() and not meaning.date:
        return "numbers the rows"
    telling = name.strip().lower() in {"id", "index", "key", "uuid", "rownames", "unnamed: 0"} or name.lower().endswith("_id")
    if telling and len(np.unique(present)) == len(numbers):
        return "different in nearly every row, as ids are"
    return ""


def _made(name: str, meaning: Meaning, reading: TableReading, said: Said) -> Iterable[tuple[Column, np.ndarray]]:
    """The columns that one column gives, with their cells."""
    if meaning.date and meaning.numbers is not None:
        said.dates.append(name)
        _count_missing(name, meaning.numbers, said)
        yield from _of_date(name, meaning.numbers)
    elif meaning.numbers is not None:
        values = _single(meaning.numbers, name, said)
        _count_missing(name, values, said, of=meaning.numbers)
        yield _number_column(name, name, None, values), values
    elif meaning.codes is not None and meaning.values is not None:
        column, values = _category_column(name, name, None, meaning.codes, meaning.values, reading.most_categories, said)
        _count_missing(name, values, said)
        yield column, values


def _of_date(name: str, days: np.ndarray) -> Iterable[tuple[Column, np.ndarray]]:
    """Days since 1970, and those parts of the calendar that vary."""
    parts = {"days": days, **calendar(days)}
    for part, values in parts.items():
        single = values.astype(np.float32)
        present = single[np.isfinite(single)]
        if (present == present[0]).all() and not (part == "days" and len(present) < len(single)):
            continue
        if part in ("month", "weekday"):
            first, names = (1, MONTHS) if part == "month" else (0, DAYS)
            codes = np.where(np.isnan(values), -1, np.nan_to_num(values) - first).astype(np.int64)
            yield _category_column(f"{name}, {part}", name, part, codes, list(names), len(names), None)
        else:
            yield _number_column(f"{name}, {part}", name, part, single), single


def _number_column(name: str, source: str, part: str | None, values: np.ndarray) -> Column:
    """A number on its scale; one with gaps and a single value is its own presence."""
    known = np.isfinite(values)
    present = _some(values[known].astype(np.float64))
    if present.std() <= 1e-6 * max(abs(float(present.mean())), 1e-30):  # below that it is rounding of a constant
        centre = float(present[0])
        scale: tuple[tuple[float, ...], tuple[float, ...]] = ((centre - 1.0, centre + 1.0), (-1.0, 1.0))
    else:
        scale = fit_scale(present)
    return Column(name=name, source=source, part=part, knots=scale[0], levels=scale[1], gaps=float(1 - known.mean()))


def _category_column(
    name: str, source: str, part: str | None, codes: np.ndarray, values: list[str], most: int, said: Said | None
) -> tuple[Column, np.ndarray]:
    """A category with its values by frequency; those that occur once in a long column, and beyond the most, are one."""
    counts = np.bincount(_some(codes[codes >= 0]), minlength=len(values))
    least = 1 if said is None or len(codes) < 100 else max(2, round(1e-4 * min(len(codes), LOOKED_AT)))
    order = np.lexsort((np.arange(len(values)), -counts))
    known = [int(each) for each in order[:most] if counts[each] >= least] or [int(order[0])]
    table = np.full(len(values) + 1, OTHER, dtype=np.float32)
    table[known] = np.arange(1, len(known) + 1)
    table[-1] = np.nan
    cells: np.ndarray = table[codes]
    rare = int((cells == OTHER).sum())
    if rare and said is not None:
        said.rare[name] = rare
    gaps, share = float(np.isnan(cells).mean()), rare / len(cells)
    column = Column(name=name, source=source, part=part, categories=tuple(values[each] for each in known), gaps=gaps, rare=share)
    return column, cells


def _some(values: np.ndarray) -> np.ndarray:
    """At most `LOOKED_AT` of these, evenly drawn: always the same."""
    if len(values) <= LOOKED_AT:
        return values
    return values[np.sort(np.random.default_rng(0).permutation(len(values))[:LOOKED_AT])]


def _single(numbers: np.ndarray, name: str, said: Said) -> np.ndarray:
    """In 32 bits; what is infinite there is missing, and counted."""
    with np.errstate(over="ignore"):
        values = numbers.astype(np.float32)
    if infinite := int(np.isinf(values).sum()):
        said.infinite[name] = infinite
        values[np.isinf(values)] = np.nan
    return values


def _count_missing(name: str, values: np.ndarray, said: Said, of: np.ndarray | None = None) -> None:
    gone = int(np.isnan(values if of is None else of).sum())
    if gone:
        said.missing[name] = gone
