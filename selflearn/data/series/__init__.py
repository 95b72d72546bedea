"""Series and sensors: recognising and reading them, from wherever they lie. One file a family of sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.dataset import Skipped
from selflearn.data.headers import shapes_of
from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.data.series import arrays, columns, files, folder, tables
from selflearn.data.series.found import Found, join, numbered, of_list
from selflearn.data.series.options import SeriesReading
from selflearn.data.series.prepare import prepare
from selflearn.data.series.spec import SeriesSpec
from selflearn.data.series.store import Series
from selflearn.errors import DataError

__all__ = ["Series", "SeriesReading", "SeriesSpec", "read", "recognise", "spec_class"]

spec_class = SeriesSpec
_NUMPY = {".npy", ".npz"}
_TABLES = columns.TEXT | columns.PARQUET
_SIGNS = {"recording": 0.85, "long": 0.85, "wide": 0.85}


def recognise(source: Any) -> Recognition | None:
    """Whether a source holds series, judged by names, headers, shapes and the first rows."""
    certainty, why = _judge(source)
    return Recognition("series", certainty, why) if certainty > 0 else None


def read(source: Any, options: ReadOptions) -> Series:
    """Read series from any source that `recognise` knows.

    Samples are whole series, or windows of long recordings. Gaps are filled and counted; timestamps that go back are put in
    order, and uneven sampling is told.

    Raises
    ------
    DataError : no series; a reading option that is unknown or does not fit; a damaged file.
    """
    reading = kind_options(SeriesReading, options)
    return prepare(_find(source, reading, options), reading, options)


def _find(source: Any, reading: SeriesReading, options: ReadOptions) -> Found:
    if isinstance(source, str | Path):
        return _find_path(Path(source).expanduser(), reading, options)
    if columns.is_frame(source):
        return tables.read_table(columns.frame_table(source), "the DataFrame", reading, options)
    if _is_list(source):
        return _find_list(source, reading, options)
    return arrays.read_array(source, reading)


def _find_path(path: Path, reading: SeriesReading, options: ReadOptions) -> Found:
    if path.is_dir():
        return folder.read_folder(path, reading, options)
    suffix = columns.suffix_of(path)
    if suffix in _NUMPY:
        return arrays.read_archive(path, reading)
    reader = folder.reader_of(path)
    if reader is not None:
        return reader(path)
    if suffix in _TABLES:
        skipped = list[Skipped]()
        found = tables.read_table(columns.read(path, skipped=skipped), str(path), reading, options)
        found.skipped += skipped
        if found.names == ["recording"]:
            found.names = [path.name]
        return found
    raise DataError(f"{path}: series are read from .csv, .tsv, .parquet, .ts, .arff, .npy and .npz files, and folders of them")


def _find_list(source: Sequence[Any], reading: SeriesReading, options: ReadOptions) -> Found:
    """Paths, each a file of series; or arrays (channels, steps) of any length."""
    if not source:
        raise DataError("the list of series is empty")
    if all(isinstance(each, str | Path) for each in source):
        parts = [_find_path(Path(each).expanduser(), reading, options) for each in source]
        if len(parts) == 1:
            return parts[0]
        names = [
            name
            for part, path in zip(parts, source, strict=True)
            for name in ([str(path)] if len(part.names) == 1 else [f"{path} {each}" for each in part.names])
        ]
        return join("the list", parts, names)
    pieces = []
    for number, each in enumerate(source):
        array = np.asarray(each.detach().cpu().numpy() if hasattr(each, "detach") else each)
        if array.dtype.kind not in "iufb" or array.ndim not in {1, 2}:
            raise DataError(
                f"entry {number} of the list is {array.dtype} of shape {array.shape}; series are (channels, steps) or (steps,)"
            )
        pieces.append((array[None] if array.ndim == 1 else array).T)
    return of_list("the list", pieces, [str(number) for number in range(len(pieces))], numbered(pieces[0].shape[1]))


def _is_list(source: Any) -> bool:
    return isinstance(source, list | tuple)


def _judge(source: Any) -> tuple[float, str]:
    """How certain, and why."""
    if isinstance(source, str | Path):
        return _judge_path(Path(source).expanduser())
    if columns.is_frame(source):
        return _judge_table(columns.frame_table(source, columns.HEAD_ROWS))
    if _is_list(source):
        return _judge_list(source)
    shape = getattr(source, "shape", None)
    if shape is None or not (isinstance(getattr(source, "dtype", None), np.dtype) or hasattr(source, "detach")):
        return 0.0, ""  # pandas has types of its own, such as its strings
    dtype = np.dtype(str(source.dtype).removeprefix("torch.")) if hasattr(source, "detach") else np.dtype(source.dtype)
    return arrays.certainty_of(tuple(shape), dtype), f"an array of shape {tuple(shape)} looks like samples, channels, steps"


def _judge_path(path: Path) -> tuple[float, str]:
    if path.is_dir():
        return _judge_folder(path)
    suffix = columns.suffix_of(path)
    if suffix in _NUMPY:
        return arrays.judge_shapes(shapes_of(path))
    if suffix == ".ts":
        return (
            (0.95, "it is a .ts file of series")
            if any(line.lstrip().startswith(("@", "#")) for line in files.first_lines(path))
            else (0.0, "")
        )
    if suffix == ".arff":
        return _judge_arff(path)
    if suffix in {".tsv", ".txt"} and files.is_headless(path):
        return 0.95, "its lines are a class and the steps of a series, without a header"
    return _judge_table(columns.head(path)) if suffix in _TABLES else (0.0, "")


def _judge_arff(path: Path) -> tuple[float, str]:
    attributes = files.arff_columns(path)
    if any(kind == "relational" for _, kind in attributes):
        return 0.95, "it is an .arff file with the channels of series"
    numeric = [name for name, kind in attributes if kind in {"numeric", "real", "integer"}]
    if len(numeric) >= tables.LEAST_WIDE and tables.layout({name: np.zeros(1) for name in numeric}, SeriesReading()) is not None:
        return 0.95, f"it is an .arff file whose {len(numeric)} numbered attributes are the steps of a series"
    return (0.5, f"it is an .arff file with {len(numeric)} numbers a row") if len(numeric) >= 2 else (0.0, "")


def _judge_table(table: columns.Table) -> tuple[float, str]:
    plan = tables.layout(table, SeriesReading()) if table else None
    if plan is not None:
        return _SIGNS[plan.form], plan.why
    plan = tables.layout(table, SeriesReading(), settled=True) if table else None
    return (0.3, f"its column {plan.time!r} is time, though rows do not stand in its order") if plan and plan.time else (0.0, "")


def _judge_folder(path: Path) -> tuple[float, str]:
    found = folder.members(path)
    archive = sum(folder.reader_of(each) is not None for each in found[:20])
    if archive:
        return 0.95, f"it holds {len(found)} files of an archive of series"
    judged = [_judge_table(columns.head(each)) for each in found[:5]]
    if len(found) >= 2 and judged and all(certainty > 0 for certainty, _ in judged):
        return 0.85, f"it holds {len(found)} tables, and of the first {judged[0][1]}"
    return 0.0, ""


def _judge_list(source: Sequence[Any]) -> tuple[float, str]:
    first = source[:20]
    if first and all(isinstance(each, str | Path) and Path(each).suffix.lower() in {".ts", ".arff"} for each in first):
        return 0.95, "it is a list of files of series"
    if first and all(
        hasattr(each, "shape")
        and len(each.shape) == 2
        and each.shape[0] <= arrays.MOST_CHANNELS
        and each.shape[1] >= 8 * each.shape[0]
        for each in first
    ):
        return 0.7, "it is a list of arrays of channels and steps"
    return 0.0, ""
