"""Small files of columns (CSV, Parquet) and what their columns are likely called. Values of a CSV stay text: "007" is an id."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from selflearn.data.packed import unpacked
from selflearn.errors import DataError, nearest

Columns = dict[str, list[Any]]
TABLES = {".csv", ".tsv", ".txt", ".parquet", ".pq"}
ID_NAMES = (
    "id",
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image",
    "image_path",
    "img",
    "picture",
    "name",
    "key",
)
LABEL_NAMES = ("label", "labels", "class", "target", "y", "category", "class_name", "diagnosis")
GROUP_NAMES = ("group", "groups", "patient", "patient_id", "subject", "subject_id", "speaker", "site", "person", "case")
MOST_COLUMNS = 50_000
"""Wider files are refused: an encoder's first layer and the stored preprocessing would each be larger than any use of them."""
_FIRST_LINE = 1 << 22


def check_width(path: Path) -> None:
    """Refuse, from its first line or its schema alone, a file with more columns than any kind of data can use.

    Raises
    ------
    DataError : it has more than `MOST_COLUMNS`; a compressed file is damaged.
    """
    endings = [each.lower() for each in path.suffixes]
    packed = endings[-1:] == [".gz"]
    ending = next(iter(endings[-2:-1] if packed else endings[-1:]), "")
    if ending in {".csv", ".tsv", ".tab"}:
        refuse_wide(_first_cells(path), str(path))
    elif ending in {".parquet", ".pq"}:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            refuse_wide(pq.read_metadata(path).num_columns, str(path))
        except (pa.ArrowException, OSError):
            return  # whoever reads it will say what is wrong


def refuse_wide(count: int, where: str) -> None:
    """Raise `DataError` for more than `MOST_COLUMNS`."""
    if count > MOST_COLUMNS:
        raise DataError(
            f"{where} has {count:,} columns, and at most {MOST_COLUMNS:,} are taken; choose some of them, or, where samples "
            "stand in columns, turn the table round so that each is a row"
        )


def _first_cells(path: Path) -> int:
    """How many cells the first line has, a few quoted separators counted as such."""
    with unpacked(path) as file:
        line = file.readline(_FIRST_LINE)
        cells = 1 + max(line.count(each) for each in (b",", b";", b"\t", b"|"))
        while line and not line.endswith(b"\n"):
            line = file.readline(_FIRST_LINE)
            cells += max(line.count(each) for each in (b",", b";", b"\t", b"|"))
        return cells


def read_columns(path: Path, most: int | None = None) -> Columns:
    """All columns of a CSV (any of , ; tab as separator; first line: names) or Parquet file, as lists; `most` rows at most.

    Raises
    ------
    DataError : unreadable, empty, or with rows of another length than the first line.
    """
    try:
        return _read_parquet(path, most) if path.suffix.lower() in {".parquet", ".pq"} else _read_csv(path, most)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is no readable table: {str(error).splitlines()[0]}") from error


def find_column(columns: Mapping[str, Any] | Iterable[str], names: Iterable[str]) -> str | None:
    """The column with the first of these names, whatever its case; None where there is none."""
    lower = {str(each).strip().lower(): each for each in columns}
    return next((lower[name] for name in names if name in lower), None)


def is_frame(source: Any) -> bool:
    """Whether something is a DataFrame (of pandas, or what behaves like it)."""
    return hasattr(source, "columns") and hasattr(source, "iloc")


def named_column(columns: Mapping[str, Any] | Iterable[str], name: str, purpose: str) -> str:
    """The column a person named.

    Raises
    ------
    DataError : there is none; says the nearest.
    """
    found = find_column(columns, [name.strip().lower()])
    if found is None:
        raise DataError(f"there is no column {name!r} for {purpose}{nearest(name, map(str, columns))}")
    return found


def _read_csv(path: Path, most: int | None) -> Columns:
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = file.readline()
        separator = max(",;\t", key=head.count)
        file.seek(0)
        filled = (row for row in csv.reader(file, delimiter=separator) if row)
        rows = list(itertools.islice(filled, None if most is None else most + 1))
    if len(rows) < 2:
        raise DataError(f"{path} holds no rows (its first line names the columns)")
    names, *body = rows
    for number, row in enumerate(body, start=2):
        if len(row) != len(names):
            raise DataError(f"{path}, row {number}: {len(row)} values, but {len(names)} columns are named in the first line")
    return {name.strip(): list(values) for name, values in zip(names, zip(*body, strict=True), strict=True)}


def _read_parquet(path: Path, most: int | None) -> Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if most is None:
            table = pq.read_table(path)
        else:
            file = pq.ParquetFile(path)
            table = pa.Table.from_batches(itertools.islice(file.iter_batches(batch_size=most), 1), file.schema_arrow)
    except pa.ArrowException as error:
        raise DataError(f"{path} is no readable Parquet file: {str(error).splitlines()[0]}") from error
    if not len(table):
        raise DataError(f"{path} holds no rows")
    return {name: table[name].to_pylist() for name in table.column_names}
