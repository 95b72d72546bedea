"""Texts in columns: JSONL, CSV, TSV, Parquet, Arrow, DataFrames and Hugging Face datasets, with labels and groups beside them."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selflearn.data.columns import GROUP_NAMES, ID_NAMES, LABEL_NAMES, Columns, find_column, named_column
from selflearn.data.dataset import Skipped
from selflearn.data.labels import encode
from selflearn.data.options import ReadOptions
from selflearn.data.texts.found import Found, inner_suffix, open_text
from selflearn.data.texts.options import TextReading
from selflearn.data.texts.symbols import count_words, language
from selflearn.errors import DataError, nearest

JSONL, SEPARATED, ARROW = {".jsonl", ".ndjson", ".json"}, {".csv", ".tsv"}, {".parquet", ".pq", ".arrow", ".feather"}
FILES = JSONL | SEPARATED | ARROW
SPLIT_NAMES = ("split", "part", "fold", "subset")
TEXT_NAMES = (
    *("text", "texts", "sentence", "content", "document", "body", "sequence", "smiles", "formula"),
    *("question", "query", "review", "title", "abstract", "message", "utterance"),
)
LOOKED_AT = 200  # rows that show what a column holds
LOOK_BYTES = 1 << 20
MOST_CLASSES, LEAST_OF_CLASS = 200, 5  # of a column that is proposed as labels: classes, and texts a class on average


@dataclass(frozen=True)
class Main:
    """The column of texts of a table.

    Attributes
    ----------
    name : of the column. symbols : its symbol language, or None for running text.
    others : columns that are neither ids, labels, groups nor parts. words : average words of a text.
    telling : whether its name says that it holds texts.
    """

    name: str
    symbols: str | None
    others: tuple[str, ...]
    words: float
    telling: bool


def main_column(columns: Mapping[str, Sequence[Any]]) -> Main | None:
    """The column whose content is running text (at least three words on average) or symbol strings, mostly distinct.

    Of several, one with a telling name comes first, then the longest on average.
    """
    known = {find_column(columns, names) for names in (ID_NAMES, LABEL_NAMES, GROUP_NAMES, SPLIT_NAMES)}
    found: list[tuple[int, float, Main]] = []
    for name, values in columns.items():
        strings = [each for each in values if isinstance(each, str) and each.strip()]
        if len(strings) < max(1, 0.5 * len(values)) or len(set(strings)) < 0.5 * len(strings):
            continue
        words = sum(map(count_words, strings)) / len(strings)
        symbols = language(strings) if words < 3 else None
        if symbols is None and words < 3:
            continue
        others = tuple(each for each in columns if each != name and each not in known)
        lower = name.strip().lower()
        rank = TEXT_NAMES.index(lower) if lower in TEXT_NAMES else len(TEXT_NAMES)
        found.append((rank, -sum(map(len, strings)) / len(strings), Main(name, symbols, others, words, lower in TEXT_NAMES)))
    return min(found, key=lambda each: each[:2])[2] if found else None


def read_file(path: Path, reading: TextReading, options: ReadOptions) -> Found:
    """The texts of a JSONL, CSV, TSV, Parquet, Arrow or Feather file."""
    columns, skipped = file_columns(path, reading.encoding)
    found = read_columns(columns, str(path), reading, options)
    found.skipped = [*skipped, *found.skipped]
    return found


def file_columns(path: Path, encoding: str = "utf-8", most: int | None = None) -> tuple[Columns, list[Skipped]]:
    """The columns of a file, and lines that could not be read; only its beginning where `most` bytes are asked for.

    Raises
    ------
    DataError : nothing in it can be read.
    """
    suffix = inner_suffix(path)
    if suffix in ARROW:
        return _arrow(path, None if most is None else LOOKED_AT), []
    text = open_text(path, encoding, most)
    if suffix == ".json" and text.lstrip()[:1] == "[":
        return _json_list(path, text)
    return _json_lines(path, text) if suffix in JSONL else _separated(path, text, most is not None)


def read_columns(columns: Columns, where: str, reading: TextReading, options: ReadOptions, hub: Any = None) -> Found:
    """Texts, labels and groups from columns.

    Parameters
    ----------
    hub : features of a Hugging Face dataset, which know the names of classes.

    Raises
    ------
    DataError : no column of texts, or one that was asked for is not there.
    """
    rows, notes = _rows(columns, reading, where)
    head = {name: [values[row] for row in rows[:LOOKED_AT]] for name, values in columns.items()}
    if reading.column is not None:
        name = named_column(columns, reading.column, "texts")
    else:
        main = main_column(head)
        if main is None:
            raise DataError(f"{where} has no column of texts; its columns are {', '.join(columns)}. Name one: --read column=NAME")
        name = main.name
    notes.insert(0, f"texts are taken from the column {name!r}")
    key = next((each for each in columns if each.strip().lower() == "id" and _distinct(columns[each])), None)
    found = Found(
        texts=[_string(columns[name][row]) for row in rows],
        ids=[str(columns[key][row]) if key and key != name else str(row) for row in rows],
        where=where,
        tabular=True,
        notes=notes,
    )
    label = _purpose(columns, options.labels, LABEL_NAMES, "labels", name)
    group = _purpose(columns, options.groups, GROUP_NAMES, "groups", name)
    if label is not None:
        values = [columns[label][row] for row in rows]
        if isinstance(options.labels, str) or _are_classes(values):
            found.labels, found.classes = values, getattr(hub[label], "names", None) if hub is not None else None
            notes.append(f"labels are taken from the column {label!r}")
        else:
            notes.append(f"the column {label!r} holds real numbers, which are no classes: it is not used")
    elif options.labels is None and (name_like := _classes(columns, rows, {name, key, group})):
        notes.append(f"the column {name_like!r} may hold classes; --labels {name_like} takes them as labels")
    if group is not None:
        found.groups = [columns[group][row] for row in rows]
        notes.append(f"groups are taken from the column {group!r}")
    return found


def names_column(columns: Mapping[str, Any], wanted: Any) -> bool:
    """Whether a person's `labels` or `groups` is the name of a column."""
    return isinstance(wanted, str) and find_column(columns, [wanted.strip().lower()]) is not None


def _purpose(columns: Columns, wanted: Any, names: tuple[str, ...], purpose: str, taken: str) -> str | None:
    """The column a person named, or, where nothing else was given, one with a telling name."""
    if isinstance(wanted, str) and not Path(wanted).is_file():
        return named_column(columns, wanted, purpose)
    if wanted is not None:
        return None
    found = find_column(columns, names)
    return found if found != taken else None


def _rows(columns: Columns, reading: TextReading, where: str) -> tuple[list[int], list[str]]:
    """The rows of the part that was asked for, and what to say of parts."""
    count = len(next(iter(columns.values()), ()))
    split = find_column(columns, SPLIT_NAMES)
    if split is None:
        if reading.part is not None:
            raise DataError(f"part = {reading.part!r} needs a column of parts ({', '.join(SPLIT_NAMES[:3])}); {where} has none")
        return list(range(count)), []
    parts = [str(each) for each in columns[split]]
    if reading.part is None:
        known = sorted(set(parts))
        hint = f"; --read part={known[-1]} takes one" if len(known) > 1 else ""
        return list(range(count)), [f"all parts of the column {split!r} are read{hint}"]
    chosen = [row for row, part in enumerate(parts) if part == reading.part]
    if not chosen:
        raise DataError(f"{where} has no part {reading.part!r} in its column {split!r}{nearest(reading.part, set(parts))}")
    return chosen, [f"only rows are read whose {split!r} is {reading.part!r}"]


def _string(value: Any) -> str:
    """A cell as text; empty where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) else str(value)


def _classes(columns: Columns, rows: list[int], known: set[str | None]) -> str | None:
    """The first column that looks like classes: few distinct words or whole numbers, each many times; None without one."""
    split = find_column(columns, SPLIT_NAMES)
    for name, column in columns.items():
        values = [str(column[row]) for row in rows if isinstance(column[row], str | int) and str(column[row]).strip()]
        kinds = len(set(values))
        if name != split and name not in known and 2 <= kinds <= min(MOST_CLASSES, len(values) // LEAST_OF_CLASS):
            return name
    return None


def _are_classes(values: list[Any]) -> bool:
    try:
        encode(values)
    except DataError:
        return False
    return True


def _distinct(values: Sequence[Any]) -> bool:
    return len({str(each) for each in values}) == len(values)


def _json_lines(path: Path, text: str) -> tuple[Columns, list[Skipped]]:
    rows, skipped = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(json.loads(line)))
        except (ValueError, RecursionError) as error:
            skipped.append(Skipped(f"line {number}", f"it is no JSON of a text or of named values ({str(error).splitlines()[0]})"))
    return _columns_of(rows, path, skipped), skipped


def _json_list(path: Path, text: str) -> tuple[Columns, list[Skipped]]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    rows, skipped = [], []
    for number, item in enumerate(items, start=1):
        try:
            rows.append(_row(item))
        except ValueError as error:
            skipped.append(Skipped(f"item {number}", str(error)))
    return _columns_of(rows, path, skipped), skipped


def _row(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"text": value}
    raise ValueError(f"it holds a {type(value).__name__}")


def _columns_of(rows: list[dict[str, Any]], path: Path, skipped: list[Skipped]) -> Columns:
    if not rows:
        first = f": {skipped[0].what}: {skipped[0].why}" if skipped else ""
        raise DataError(f"{path} holds no rows{first}")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _separated(path: Path, text: str, partly: bool) -> tuple[Columns, list[Skipped]]:
    head = text[: text.find("\n")] if "\n" in text else text
    separator = "\t" if inner_suffix(path) == ".tsv" else max(",;\t", key=head.count)
    limit = csv.field_size_limit(sys.maxsize)  # texts can be longer than the 131,072 characters that csv allows
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error as error:
        raise DataError(f"{path} is no readable table: {error}") from error
    finally:
        csv.field_size_limit(limit)
    if partly and len(rows) > 2:
        rows = rows[: LOOKED_AT + 1]
    if not rows:
        raise DataError(f"{path} holds no rows")
    names, body = [each.strip() for each in rows[0]], rows[1:]
    if not body or any(len(each.split()) > 5 for each in names):  # a first line of running text names no columns
        names, body = [f"column {number + 1}" for number in range(len(names))], rows
    kept, skipped = [], []
    for number, row in enumerate(body, start=2):
        if len(row) == len(names):
            kept.append(row)
        else:
            skipped.append(Skipped(f"row {number}", f"it has {len(row)} values, and {len(names)} columns are named"))
    if not kept:
        raise DataError(f"{path} holds no rows that fit its first line of {len(names)} columns")
    return {name: list(values) for name, values in zip(names, zip(*kept, strict=True), strict=True)}, skipped


def _arrow(path: Path, most: int | None) -> Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import feather

    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            file = pq.ParquetFile(path)
            table = file.read() if most is None else pa.Table.from_batches(_first(file.iter_batches(most)), file.schema_arrow)
        else:
            table = feather.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is no readable {path.suffix[1:]} file: {str(error).splitlines()[0]}") from error
    table = table if most is None else table.slice(0, most)
    if not len(table):
        raise DataError(f"{path} holds no rows")
    return {name: table[name].to_pylist() for name in table.column_names}


def _first(batches: Any) -> list[Any]:
    return [each for each, _ in zip(batches, range(1), strict=False)]
