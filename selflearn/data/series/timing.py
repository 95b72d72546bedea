"""Timestamps: read, put in order, and looked at for pauses and uneven steps. What they say is told, never silently mended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from selflearn.errors import DataError

PAUSE = 10.0
"""A step this many times the usual one is a pause: windows do not reach across it."""
_UNEVEN = 0.5
_SHARED, _DOUBLED = 0.05, 0.005  # of rows: those whose time stands more than once, and those that are there twice by mistake
_LEAST_STEPS = 8


def readable_times(values: np.ndarray) -> np.ndarray | None:
    """(n,) float64 moments, in seconds where they are dates or clock times; None where the column is no time.

    A missing moment is NaN.
    """
    if values.dtype.kind == "f":
        return values.astype(np.float64) if np.isfinite(values).any() else None
    if values.dtype.kind != "M":
        try:
            values = np.array([_moment(each) for each in values.tolist()], dtype="datetime64[ns]")
        except (ValueError, TypeError):
            return None
    moments = values.astype("datetime64[ns]").astype(np.int64) / 1e9
    moments[np.isnat(values)] = np.nan
    return moments if np.isfinite(moments).any() else None


def first_unreadable(values: np.ndarray) -> str | None:
    """The first value of a column that is no time; None where there is none."""
    if values.dtype.kind in "fM":
        return None
    for each in values.tolist():
        try:
            _moment(each)
        except (ValueError, TypeError):
            return str(each)
    return None


def parting_column(columns: Mapping[str, np.ndarray], times: np.ndarray) -> str | None:
    """The column that tells several series of one table apart: moments come again, but none twice for one of its values.

    Names, or whole numbers; of several, the one with the fewest values. Without it rows of all series would be put in one by time.
    """
    moments = readable_times(times)
    if moments is None or len(np.unique(moments)) > (1 - _SHARED) * len(moments):
        return None
    found: list[tuple[int, str]] = []
    for name, values in columns.items():
        if values.dtype.kind not in "fO" or (values.dtype.kind == "f" and not (values == np.round(values)).all()):
            continue
        codes = np.unique([str(each) for each in values.tolist()], return_inverse=True)[1]
        kinds = int(codes.max()) + 1
        twice = len(moments) - len(np.unique(np.stack([codes, moments]), axis=1).T)
        slack = _DOUBLED * len(moments) if values.dtype.kind == "O" else 0
        if 2 <= kinds <= len(moments) / _LEAST_STEPS and twice <= slack:
            found.append((kinds, name))
    return min(found)[1] if found else None


def _moment(value: object) -> np.datetime64:
    text = "NaT" if value is None else str(value).strip().replace("/", "-")
    return np.datetime64(text.removesuffix("Z") or "NaT", "ns")


def in_order(owner: np.ndarray, moments: np.ndarray | None, where: str) -> tuple[np.ndarray, list[str]]:
    """The order of rows by series and, within each, by time; and what was out of order.

    Raises
    ------
    DataError : a row has no time, so that it has no place.
    """
    if moments is None:
        return np.argsort(owner, kind="stable"), []
    gone = np.flatnonzero(~np.isfinite(moments))
    if len(gone):
        raise DataError(f"{where}: {len(gone):,} rows have no time (first: row {gone[0] + 1}); fill or remove them")
    order = np.lexsort((moments, owner))
    before = np.argsort(owner, kind="stable")
    steps, same = np.diff(moments[before]), np.diff(owner[before]) == 0
    back = int((same & (steps < 0)).sum())
    twice = int(((np.diff(owner[order]) == 0) & (np.diff(moments[order]) == 0)).sum())
    notes = []
    if back:
        notes.append(f"timestamps go back {back:,} time{'s' if back > 1 else ''}; rows are put in order of time")
    if twice:
        notes.append(
            f"{twice:,} rows have the same time as the one before; they are kept as steps of their own. If they are of several "
            "series, say which column names these: --read id=NAME"
        )
    return order, notes


def rate_of(moments: np.ndarray, owner: np.ndarray, in_seconds: bool) -> float | None:
    """Steps a second, by the median step; None where times are numbers of an unknown unit."""
    steps = _steps(moments, owner)
    usual = float(np.median(steps)) if len(steps) else 0.0
    return 1 / usual if in_seconds and usual > 0 else None


def timing_notes(moments: np.ndarray, owner: np.ndarray) -> tuple[list[str], np.ndarray]:
    """What a person should know of uneven sampling, and the rows before which there is a pause."""
    steps = _steps(moments, owner)
    usual = float(np.median(steps)) if len(steps) else 0.0
    if usual <= 0:
        return [], np.empty(0, dtype=np.int64)
    notes = []
    uneven = float(np.mean(np.abs(steps - usual) > _UNEVEN * usual))
    if uneven > 0.01:
        notes.append(
            f"sampling is uneven: {100 * uneven:.0f} % of the steps differ by more than half from the usual {usual:g}; they are "
            "taken as even. Resample the data first if that matters"
        )
    same = np.diff(owner) == 0
    pauses = np.flatnonzero(same & (np.diff(moments) > PAUSE * usual)) + 1
    if len(pauses):
        notes.append(f"{len(pauses):,} pauses longer than {PAUSE:g} steps; windows do not reach across them")
    return notes, pauses.astype(np.int64)


def _steps(moments: np.ndarray, owner: np.ndarray) -> np.ndarray:
    steps = np.diff(moments)[np.diff(owner) == 0]
    return steps[steps > 0]
