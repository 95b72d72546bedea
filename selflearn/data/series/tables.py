"""Series in tables: long (a row a step), wide (a row a series), or one long recording. Which, is told by names and first rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, find_column, named_column
from selflearn.data.options import ReadOptions
from selflearn.data.series.columns import Table
from selflearn.data.series.found import Found, of_stack
from selflearn.data.series.options import SeriesReading
from selflearn.data.series.timing import first_unreadable, in_order, parting_column, rate_of, readable_times, timing_notes
from selflearn.errors import DataError

TIME_NAMES = (
    "time",
    "timestamp",
    "datetime",
    "date",
    "date_time",
    "ds",
    "t",
    "time_s",
    "seconds",
    "frame",
    "step",
    "time_step",
    "timestep",
)
SERIES_NAMES = (
    "series", "series_id", "seriesid", "unique_id", "id", "recording", "recording_id", "trial", "sequence", "sequence_id",
    "session", "window", "window_id", "case", "case_id", "instance", "item_id", "sample", "sample_id", "device", "device_id",
    "sensor_id", "name", "file", "filename", "key",
)  # fmt: skip
SPLIT_NAMES = ("split", "part", "fold", "is_test", "is_train")
LEAST_WIDE = 12
"""Numbered columns that make a row a series: fewer are as likely features."""
_NUMBERED = re.compile(r"^(.*?)[ _.]?(\d+)$")
Form = Literal["long", "wide", "recording"]


@dataclass(frozen=True)
class Layout:
    """How a table holds series: its form and the roles of its columns."""

    form: Form
    why: str
    channels: list[str]
    time: str | None = None
    id: str | None = None
    label: str | None = None
    group: str | None = None
    steps: dict[str, list[str]] | None = None


def layout(table: Table, reading: SeriesReading, options: ReadOptions | None = None, settled: bool = False) -> Layout | None:
    """The layout of a table, from what a person said and from its names and values; None where it is not series.

    Where it is `settled` that it holds series, a column of time is enough, in whatever order its moments stand.
    """
    options = options or ReadOptions()
    label = _role(table, options.labels, LABEL_NAMES, "labels")
    if label is not None and options.labels is None and _is_measured(table[label]):
        label = None
    group = _role(table, options.groups, GROUP_NAMES, "groups")
    time = named_column(table, reading.time, "time") if reading.time else find_column(table, TIME_NAMES)
    if time is not None and readable_times(table[time]) is None:
        if reading.time:
            raise DataError(f"the column {time!r} holds no times: numbers, or dates such as 2024-05-01 12:00:00, are read")
        time = None
    series = named_column(table, reading.id, "id") if reading.id else _series_column(table, {label, group, time})
    if series is None and group is None and time is not None and reading.form in {"auto", "long"}:
        series = parting_column({name: table[name] for name in table if name not in {label, time}}, table[time])
    taken = {label, group, time, series, find_column(table, SPLIT_NAMES)}
    numeric = [name for name in table if name not in taken and table[name].dtype.kind == "f"]
    if reading.channels is not None:
        numeric = [named_column(table, name, "channels") for name in reading.channels]
    steps = _numbered_columns(numeric)
    found: dict[str, Any] = {"time": time, "id": series, "label": label, "group": group}
    form = (
        reading.form
        if reading.form != "auto"
        else _form(table, found, numeric, steps, settled or bool(reading.time or reading.window))
    )
    if form is None or not numeric:
        return None
    if form == "wide":
        return Layout(
            "wide",
            f"its {len(numeric)} numbered columns are the steps of a series",
            numeric,
            **found,
            steps=steps or {"value": numeric},
        )
    if form == "long":
        by = series or group
        if by is None:
            raise DataError(
                f"form=long needs a column that says which series a row is of: --read id=NAME; there are {', '.join(table)}"
            )
        return Layout("long", f"its column {by!r} names the series that each row is a step of", numeric, **{**found, "id": by})
    why = f"its column {time!r} is time and {len(numeric)} columns are numbers" if time else f"{len(numeric)} columns are numbers"
    return Layout("recording", why, numeric, **found)


def _role(table: Table, given: object, names: Iterable[str], purpose: str) -> str | None:
    """The column that a person named for labels or groups, or the one that is called so."""
    if isinstance(given, str) and find_column(table, [given.strip().lower()]):
        return named_column(table, given, purpose)
    return None if given is not None else find_column(table, names)


def _is_measured(values: np.ndarray) -> bool:
    """Whether a column holds real numbers: "y" is as often the axis of a sensor as a label."""
    if values.dtype.kind != "f":
        return False
    known = values[np.isfinite(values)]
    return bool((known != np.round(known)).any())


def _series_column(table: Table, taken: set[str | None]) -> str | None:
    """A column named like an id whose values come again and again; unique ids name rows, not series."""
    free = {name: table[name] for name in table if name not in taken}
    for name in SERIES_NAMES:
        found = find_column(free, [name])
        if found is not None and 2 * len(set(free[found].tolist())) <= len(free[found]):
            return found
    return None


def _form(table: Table, found: dict[str, str | None], numeric: list[str], steps: dict[str, list[str]], asked: bool) -> Form | None:
    time = found["time"]
    if time is not None and numeric and (found["id"] or found["group"]) is not None:
        return "long"
    if time is not None and numeric:
        moments = readable_times(table[time])
        if asked or (moments is not None and len(moments) > 2 and _runs_one_way(moments)):
            return "recording"
        return None
    if len(steps) >= 1 and min(map(len, steps.values())) >= LEAST_WIDE and sum(map(len, steps.values())) >= 0.8 * len(numeric):
        return "wide"
    return None


def _runs_one_way(moments: np.ndarray) -> bool:
    """Whether time mostly rises, or mostly falls, as where the newest row stands first."""
    steps = np.diff(moments)
    return bool(max(np.mean(steps > 0), np.mean(steps < 0)) > 0.9)


def _numbered_columns(names: list[str]) -> dict[str, list[str]]:
    """Stem -> columns of that stem in the order of their numbers, where these follow each other: x_0 ... x_99, y_0 ... y_99."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        match = _NUMBERED.match(name)
        if match:
            found.setdefault(match[1], []).append((int(match[2]), name))
    kept = {}
    for stem, members in found.items():
        members.sort()
        numbers = [number for number, _ in members]
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) >= LEAST_WIDE:
            kept[stem or "value"] = [name for _, name in members]
    return kept if len(set(map(len, kept.values()))) == 1 else {}


def read_table(table: Table, where: str, reading: SeriesReading, options: ReadOptions) -> Found:
    """The series of a table.

    Raises
    ------
    DataError : no layout fits, a named column is not there, or a channel is no column of numbers.
    """
    for given, purpose in ((options.labels, "labels"), (options.groups, "groups")):
        if isinstance(given, str) and not Path(given).suffix and not Path(given).expanduser().is_file():
            named_column(table, given, purpose)
    plan = layout(table, reading, options, settled=True)
    if plan is None:
        raise DataError(_no_layout(table, where))
    for name in plan.channels:
        if table[name].dtype.kind != "f":
            raise DataError(f"{where}: the channel {name!r} holds text, such as {str(table[name][0])!r}, where numbers are needed")
    found = _wide(table, where, plan) if plan.form == "wide" else _steps(table, where, plan)
    if plan.form == "long" and plan.id is not None and reading.id is None:
        found.notes.append(f"which series a row is of is told by the column {plan.id!r}; --read id=NAME takes another")
    found.tabular = True
    kept = {plan.time, plan.id, plan.label, plan.group, *plan.channels}
    left = [name for name in table if name not in kept]
    if left:
        found.notes.append(f"columns that are left out: {', '.join(left[:5])}{' ...' if len(left) > 5 else ''}")
    return found


def _no_layout(table: Table, where: str) -> str:
    """Why a table is not read as series, and what to do."""
    if not any(values.dtype.kind == "f" for values in table.values()):
        name = list(table)[-1]
        return f"{where} has no column of numbers: {name!r} holds {str(table[name][0])!r}, say"
    time = find_column(table, TIME_NAMES)
    strange = None if time is None else first_unreadable(table[time])
    told = "" if strange is None else f"its column {time!r} is not read as time, for it holds {strange!r}. "
    return (
        f"{told}{where} has neither a column of time, nor one that names series, nor numbered columns of steps, among "
        f"{', '.join(list(table)[:12])}; say how to read it: --read form=recording, --read form=wide, or --read form=long "
        "--read id=NAME"
    )


def _wide(table: Table, where: str, plan: Layout) -> Found:
    steps = plan.steps or {}
    stack = np.stack([np.stack([table[name] for name in columns], axis=1) for columns in steps.values()], axis=1)
    ids = table[plan.id].tolist() if plan.id else _unique_ids(table)
    return of_stack(
        where,
        stack,
        [stem.strip(" _.") or "value" for stem in steps],
        names=None if ids is None else [str(each) for each in ids],
        labels=None if plan.label is None else table[plan.label],
        groups=None if plan.group is None else table[plan.group],
    )


def _unique_ids(table: Table) -> list[str] | None:
    name = find_column(table, SERIES_NAMES)
    if name is None or len(set(table[name].tolist())) < len(table[name]):
        return None
    return [_id(each) for each in table[name].tolist()]


def _id(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _steps(table: Table, where: str, plan: Layout) -> Found:
    """Long tables and recordings: rows are steps, put in order of series and time."""
    count = len(table[plan.channels[0]])
    names, owner = (["recording"], np.zeros(count, dtype=np.int64))
    if plan.form == "long" and plan.id is not None:
        names, owner = _owners(table, plan)
    moments = None if plan.time is None else readable_times(table[plan.time])
    order, notes = in_order(owner, moments, where)
    owner = owner[order]
    moments = None if moments is None else moments[order]
    offsets = np.searchsorted(owner, np.arange(len(names) + 1)).astype(np.int64)
    breaks = np.empty(0, dtype=np.int64)
    rate = None
    if moments is not None:
        rate = rate_of(moments, owner, plan.time is not None and table[plan.time].dtype.kind != "f")
        told, breaks = timing_notes(moments, owner)
        notes += told
    return Found(
        where,
        np.stack([table[name][order] for name in plan.channels], axis=1),
        offsets,
        names,
        plan.channels,
        step_labels=None if plan.label is None else table[plan.label][order],
        step_groups=None if plan.group is None else table[plan.group][order],
        rate=rate,
        breaks=breaks,
        notes=notes,
    )


def _owners(table: Table, plan: Layout) -> tuple[list[str], np.ndarray]:
    """Names of the series, in order of appearance, and the number of each row's series; a subject's are its own."""
    keys = [_id(each) for each in table[str(plan.id)].tolist()]
    if plan.group is not None and plan.group != plan.id:
        keys = [f"{_id(group)} {key}" for group, key in zip(table[plan.group].tolist(), keys, strict=True)]
    names = list(dict.fromkeys(keys))
    number = {name: position for position, name in enumerate(names)}
    return names, np.array([number[key] for key in keys], dtype=np.int64)
