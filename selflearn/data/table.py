"""Tables of numbers: rows are samples. Missing values become their column's mean, and are counted; infinite ones are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image, ImageDraw
from pydantic import model_validator

from selflearn.data.batch import Batch
from selflearn.data.columns import Columns, find_column
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.labels import attach, encode, number_groups, take
from selflearn.data.options import ReadOptions, Recognition
from selflearn.data.spec import Spec
from selflearn.errors import DataError


class TableSpec(Spec):
    """Names, means and standard deviations of the columns; the deviation of a constant column is 1."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @model_validator(mode="after")
    def _agree(self) -> TableSpec:
        if not len(self.columns) == len(self.mean) == len(self.std) or min(self.std, default=1) <= 0:
            raise ValueError("a table needs one mean and one deviation above 0 for each column")
        return self

    def describe(self) -> str:
        """E.g. "14 columns of numbers"."""
        return f"{len(self.columns)} column{'s' if len(self.columns) != 1 else ''} of numbers"


spec_class = TableSpec


class Table(Dataset):
    """Rows of numbers.

    Parameters
    ----------
    spec, facts : see `Dataset`.
    values : (rows, columns) float32 without gaps.
    """

    spec: TableSpec

    def __init__(self, spec: TableSpec, facts: Facts, values: np.ndarray) -> None:
        self.spec, self.facts, self.values = spec, facts, values
        self.fingerprint = hashlib.blake2b(
            f"{values.shape}".encode() + values.tobytes() + facts.labels.tobytes(), digest_size=16
        ).hexdigest()

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Rows as they were read: values (batch, columns) float32."""
        rows = np.asarray(indices, dtype=np.int64)
        return Batch(torch.from_numpy(self.values[rows]), torch.from_numpy(rows.copy()), torch.from_numpy(self.facts.labels[rows]))

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, columns) float32: rows with every column at mean 0 and deviation 1, so that none outweighs the others."""
        return self._standard(np.asarray(indices, dtype=np.int64))

    def picture(self, index: int, size: int = 64) -> Image.Image:
        """A strip of bars, one a column, up or down from its mean; three deviations fill the height."""
        image = Image.new("RGB", (size, size), "white")
        draw, middle = ImageDraw.Draw(image), size / 2
        heights = np.clip(self._standard(np.array([index]))[0] / 3, -1, 1)[:size]
        wide = size / max(len(heights), 1)
        for each, height in enumerate(heights):
            top, bottom = sorted((middle, middle - height * middle))
            draw.rectangle(
                (each * wide, top, max((each + 1) * wide - 1, each * wide), bottom),
                fill="steelblue" if height >= 0 else "indianred",
            )
        return image

    def _standard(self, rows: np.ndarray) -> np.ndarray:
        return (self.values[rows] - np.array(self.spec.mean, dtype=np.float32)) / np.array(self.spec.std, dtype=np.float32)


def recognise(source: Any) -> Recognition | None:
    """2-D arrays of numbers, and DataFrames whose columns are numbers."""
    if _is_frame(source):
        numeric = sum(source[name].dtype.kind in "uifb" for name in source.columns)
        return Recognition("table", 0.8 * numeric / len(source.columns), f"{numeric} columns are numbers") if numeric else None
    shape = getattr(source, "shape", None)
    if shape is None or not hasattr(source, "dtype") or len(shape) != 2 or _numbers(source).dtype.kind not in "uifb":
        return None
    return Recognition("table", 0.8, f"an array of shape {tuple(shape)} has rows and columns")


def read(source: Any, options: ReadOptions) -> Table:
    """Read a 2-D array or a DataFrame of numbers. Labels and groups may be columns of the DataFrame, by name.

    Raises
    ------
    DataError : no numbers, no rows, infinite values, or other columns than an encoder (`options.like`) learned from.
    """
    like = options.like if isinstance(options.like, TableSpec) else None
    facts, values, names = _from_frame(source, options, like) if _is_frame(source) else _from_array(source, options)
    if values.ndim != 2 or 0 in values.shape or values.dtype.kind not in "uifb":
        raise DataError(f"a table is a 2-D array of numbers, (rows, columns); this is {values.dtype} of shape {values.shape}")
    if like and len(like.columns) != values.shape[1]:
        raise DataError(f"the encoder learned from {len(like.columns)} columns, and this table has {values.shape[1]}")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)  # always a copy: the caller's array is never filled in
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise DataError(f"row {row} of column {names[column]!r} is infinite, or too large for 32 bits; remove or clip such values")
    spec, values, notes = _complete(values, names, like)
    facts = take(facts, np.arange(len(values)))
    facts.notes.extend(notes)
    return Table(spec, facts, values)


def _complete(values: np.ndarray, names: tuple[str, ...], like: TableSpec | None) -> tuple[TableSpec, np.ndarray, list[str]]:
    """The spec, the values without gaps, and how many gaps there were."""
    missing = np.isnan(values)
    notes = []
    present = np.where(missing, 0, values).astype(np.float64)
    counts = np.maximum((~missing).sum(axis=0), 1)
    mean = present.sum(axis=0) / counts
    std = np.sqrt((np.where(missing, 0, present - mean) ** 2).sum(axis=0) / counts)
    std = np.where(std > 1e-6 * np.maximum(np.abs(mean), 1e-30), std, 1.0)  # below that it is rounding of a constant
    spec = like or TableSpec(columns=names, mean=tuple(map(float, mean)), std=tuple(map(float, std)))
    if missing.any():
        values = np.where(missing, np.array(spec.mean, dtype=np.float32), values)
        notes.append(
            f"{int(missing.sum()):,} missing values in {int(missing.any(axis=0).sum())} columns are replaced by the column's mean"
        )
    if empty := [name for name, gone in zip(names, missing.all(axis=0), strict=True) if gone]:
        notes.append(f"columns without any value: {', '.join(empty[:5])}")
    return spec, values, notes


def _from_array(source: Any, options: ReadOptions) -> tuple[Facts, np.ndarray, tuple[str, ...]]:
    values = _numbers(source)
    count = len(values) if values.ndim else 0
    facts = Facts([str(row) for row in range(count)], np.full(count, -1, dtype=np.int64))
    return (
        attach(facts, options.labels, options.groups),
        values,
        tuple(f"column {each}" for each in range(values.shape[-1] if values.ndim else 0)),
    )


def _from_frame(frame: Any, options: ReadOptions, like: TableSpec | None) -> tuple[Facts, np.ndarray, tuple[str, ...]]:
    """Numeric columns; others are left out, with a note. Columns an encoder knows are taken by name."""
    columns: Columns = {str(name): frame[name] for name in frame.columns}
    label = find_column(columns, [options.labels.lower()]) if isinstance(options.labels, str) else None
    group = find_column(columns, [options.groups.lower()]) if isinstance(options.groups, str) else None
    numeric = [name for name, column in columns.items() if column.dtype.kind in "uifb" and name not in {label, group}]  # type: ignore[attr-defined]
    dropped = [name for name in columns if name not in {label, group, *numeric}]
    if like and set(like.columns) <= set(numeric):
        numeric = list(like.columns)
    labels, classes = encode(columns[label]) if label else (np.full(len(frame), -1, dtype=np.int64), [])
    groups = number_groups(columns[group]) if group else None
    notes = (
        [f"columns that are no numbers are left out: {', '.join(dropped[:5])}{' ...' if len(dropped) > 5 else ''}"]
        if dropped
        else []
    )
    facts = Facts([str(row) for row in range(len(frame))], labels, classes, groups, [], notes)
    facts = attach(facts, None if label else options.labels, None if group else options.groups)
    values = np.stack([np.asarray(columns[name]) for name in numeric], axis=1) if numeric else np.empty((len(frame), 0))
    return facts, values, tuple(numeric)


def _numbers(source: Any) -> np.ndarray:
    return np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)


def _is_frame(source: Any) -> bool:
    return hasattr(source, "columns") and hasattr(source, "iloc")
