"""A table as columns: the first rows to recognise it, all of it to read it. CSV and TSV (also .gz), Parquet, DataFrames."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.dataset import Skipped
from selflearn.data.packed import content, unpacked
from selflearn.errors import DataError

Table = dict[str, np.ndarray]
"""Column name -> values: floats for numbers (NaN where missing), datetime64[ns] for times, text objects for the rest."""
TEXT = {".csv", ".tsv", ".txt"}
PARQUET = {".parquet", ".pq"}
HEAD_ROWS = 200
_COMMA = re.compile(rb"(?:^|;)-?\d+,\d+(?:;|\r?$)", re.MULTILINE)
"""A number with a decimal comma, as they stand between semicolons in much of Europe."""
_MISSING = ["", "NA", "NaN", "nan", "null", "None", "?", "N/A"]


def suffix_of(path: Path) -> str:
    """The ending, without that of compression: ".csv" of "a.csv.gz"."""
    endings = [each.lower() for each in path.suffixes]
    return endings[-2] if len(endings) > 1 and endings[-1] == ".gz" else endings[-1] if endings else ""


def is_frame(source: Any) -> bool:
    """Whether this is a pandas DataFrame."""
    return hasattr(source, "columns") and hasattr(source, "iloc")


def frame_table(frame: Any, rows: int | None = None) -> Table:
    """The columns of a DataFrame."""
    part = frame if rows is None else frame.head(rows)
    table = {str(name): _plain(np.asarray(part[name])) for name in part.columns}
    index = getattr(part, "index", None)
    if index is not None and np.asarray(index).dtype.kind == "M" and table:
        table = {str(index.name or "time"): np.asarray(index).astype("datetime64[ns]"), **table}
    return table


def head(path: Path) -> Table:
    """The first rows of a table; empty where it is none."""
    try:
        return read(path, HEAD_ROWS)
    except DataError:
        return {}


def read(path: Path, rows: int | None = None, skipped: list[Skipped] | None = None) -> Table:
    """All columns of a table, or of its first `rows`. Rows with another number of cells are left out, and told in `skipped`.

    Raises
    ------
    DataError : unreadable or empty.
    """
    import pyarrow as pa

    try:
        table = (
            _read_parquet(path, rows) if suffix_of(path) in PARQUET else _read_text(path, rows, [] if skipped is None else skipped)
        )
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except (pa.ArrowException, UnicodeDecodeError, ValueError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is no readable table: {str(error).splitlines()[0]}") from error
    if not table or not len(next(iter(table.values()))):
        raise DataError(f"{path} holds no rows")
    return table


def _read_parquet(path: Path, rows: int | None) -> Table:
    import pyarrow.parquet as pq

    if rows is None:
        table = pq.read_table(path)
    else:
        import pyarrow as pa

        file = pq.ParquetFile(path)
        batch = next(file.iter_batches(batch_size=rows), None)
        table = file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
    return {name: _of_arrow(table[name]) for name in table.column_names}


def _read_text(path: Path, rows: int | None, skipped: list[Skipped]) -> Table:
    from pyarrow import csv as arrow_csv

    with unpacked(path) as file:
        first = file.readline()
        text = first.decode("utf-8-sig")
        separator = max(",;\t", key=text.count)
        names = [name.strip() for name in next(csv.reader([text], delimiter=separator), [])]
        body = b"".join(file.readline() for _ in range(rows)) if rows is not None else None
    if body is None:
        body = content(path)[len(first) :]
    if not names or not body.strip():
        return {}
    codecs.getincrementaldecoder("utf-8")().decode(body[: 1 << 20])  # before Arrow, which tells of such bytes beside the error

    def bad_row(row: Any) -> str:
        number = "" if row.number is None else f" {row.number + 1}"  # the line of names was taken off
        skipped.append(Skipped(f"row{number}", f"it has {row.actual_columns} cells, and there are {row.expected_columns} columns"))
        return "skip"

    comma = separator == ";" and _COMMA.search(body[: 1 << 14]) is not None
    options = arrow_csv.ReadOptions(column_names=_once(names), use_threads=False)
    table = arrow_csv.read_csv(
        io.BytesIO(body),
        read_options=options,
        parse_options=arrow_csv.ParseOptions(delimiter=separator, invalid_row_handler=bad_row),
        convert_options=arrow_csv.ConvertOptions(
            null_values=_MISSING, strings_can_be_null=True, decimal_point="," if comma else "."
        ),
    )
    return {name: _of_arrow(table[name]) for name in table.column_names}


def _once(names: list[str]) -> list[str]:
    """Names made unique: a repeated one gets its number."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        key = name or f"column {number}"
        seen[f"{key} ({number})" if key in seen else key] = number
    return list(seen)


def _of_arrow(column: Any) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return np.array(column.cast(pa.timestamp("ns"), safe=False).to_numpy())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return np.array(column.cast(pa.float64(), safe=False).to_numpy())
    return np.array(column.to_pylist(), dtype=object)


def _plain(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]")
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    return values.astype(object)
