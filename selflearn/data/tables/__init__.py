"""Tables: rows of numbers, categories and dates, from CSV, Parquet, Arrow, DataFrames and arrays. Types are found, and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, ID_NAMES, LABEL_NAMES, find_column, named_column
from selflearn.data.dataset import Facts
from selflearn.data.headers import shapes_of
from selflearn.data.labels import attach, encode, number_groups, take
from selflearn.data.options import ReadOptions, Recognition, free_memory, kind_options
from selflearn.data.tables import sources
from selflearn.data.tables.build import Said, build, rebuild
from selflearn.data.tables.options import TableReading
from selflearn.data.tables.sources import Found, open_source
from selflearn.data.tables.spec import Column, TableSpec
from selflearn.data.tables.store import Table
from selflearn.errors import DataError, nearest

__all__ = ["Column", "Table", "TableReading", "TableSpec", "read", "recognise", "spec_class"]

spec_class = TableSpec
SPLIT_NAMES = ("split", "part", "fold", "subset")
FALLBACK, ARRAY, ARCHIVE = 0.6, 0.8, 0.6
LOOKED_AT = 20  # files of a folder whose columns are compared before any is read


def recognise(source: Any) -> Recognition | None:
    """Arrays with two axes; else the fallback for whatever has rows and columns and is of no other kind."""
    if isinstance(source, str | Path):
        return _recognise_file(Path(source).expanduser())
    if sources.are_files(source):
        return Recognition("table", FALLBACK, f"the list names {len(source)} files of tables")
    if sources.is_frame(source) or sources.is_arrow(source) or sources.is_hub(source):
        columns = source.column_names if hasattr(source, "column_names") else source.columns
        return Recognition("table", FALLBACK, f"it has {len(columns):,} columns") if len(columns) else None
    shape = getattr(source, "shape", None)
    if shape is None or not hasattr(source, "dtype") or len(shape) != 2 or sources.as_array(source).dtype.kind not in "uifb":
        return None
    return Recognition("table", ARRAY, f"an array of shape {tuple(shape)} has rows and columns")


def _recognise_folder(folder: Path) -> Recognition | None:
    """Files of the same named columns are parts of one table; other folders of tables are not for us to guess."""
    paths = sources.members(folder)
    named = [names for path in paths[:LOOKED_AT] if (names := _named(path))]
    first = named[0] if named else []
    if not first or 2 * len(named) < min(len(paths), LOOKED_AT) or any(names != first for names in named):
        return None
    return Recognition("table", FALLBACK, f"its {len(paths):,} files have the same {len(first):,} columns")


def _named(path: Path) -> list[str]:
    """The names of a file's columns; none where it cannot be read, which is told when the folder is."""
    try:
        return sources.named_columns(path)
    except DataError:
        return []


def _recognise_file(path: Path) -> Recognition | None:
    if not path.is_file():
        return _recognise_folder(path) if path.is_dir() else None
    suffix = sources.suffix_of(path)
    if suffix in sources.ARRAYS:
        return _recognise_arrays(path)
    count = 0
    if suffix in sources.SEPARATED:
        count = len(next(iter(sources.head(path)), ()))
    elif suffix in sources.PARQUET | sources.ARROW:
        count = len(sources.schema(path))
    return Recognition("table", FALLBACK, f"the file has {count:,} column{'s' if count > 1 else ''}") if count else None


def _recognise_arrays(path: Path) -> Recognition | None:
    shapes = shapes_of(path)
    name = sources.samples_of(shapes)
    if name is None:
        return None
    if path.suffix.lower() == ".npz":
        return Recognition("table", ARCHIVE, f"it holds an array {name!r} of shape {shapes[name][0]}")
    return Recognition("table", ARRAY, f"it holds an array of shape {shapes[name][0]}")


def read(source: Any, options: ReadOptions) -> Table:
    """Read a table. Labels and groups may be columns of it, by name or by a telling one, and are then no input.

    Raises
    ------
    DataError : nothing that can be read as a table, no column worth learning from, more columns or rows than can be held, or
        other columns than an encoder (`options.like`) learned from.
    """
    reading = kind_options(TableReading, options)
    like = options.like if isinstance(options.like, TableSpec) else None
    found = open_source(source, reading.header)
    _check_named(found, reading, like)
    _check_room(found)
    notes = list(found.notes)
    rows = _rows(found, reading, like, notes)
    columns = found.columns if rows is None else {name: _taken(column, rows) for name, column in found.columns.items()}
    facts, used = _facts(columns, found, options, reading, like, notes)
    said = Said()
    if like is not None:
        spec, values = like, rebuild(_matched(columns, found, like), like.columns, said)
    else:
        label, group, spent = used
        inputs = {name: column for name, column in columns.items() if name not in spent}
        made, values = build(inputs, reading, said, found.named)
        spec = TableSpec(columns=made, order=tuple(columns), label=label, group=group)
    facts.notes = [*notes, *said.notes()]
    facts.skipped = [*found.skipped, *facts.skipped]
    return Table(spec, take(facts, np.arange(len(values))), values)


def _check_named(found: Found, reading: TableReading, like: TableSpec | None) -> None:
    """Columns that an option names must be there (unless an encoder brings its own)."""
    for option in ("leave_out", "categories", "numbers"):
        for name in getattr(reading, option):
            if name not in found.columns and like is None:
                raise DataError(f"--read {option} names a column {name!r} that is not there{nearest(name, found.columns)}")


def _check_room(found: Found) -> None:
    cells = found.rows * len(found.columns)
    if 12 * cells > free_memory():  # as numbers, as they are looked at, and as they are kept
        raise DataError(
            f"{found.where} has {found.rows:,} rows of {len(found.columns):,} columns, about {12 * cells / 1e9:.0f} GB as numbers: "
            "more than the free memory. Take some of the rows or columns"
        )


def _rows(found: Found, reading: TableReading, like: TableSpec | None, notes: list[str]) -> np.ndarray | None:
    """The rows of the part that was asked for; None for all."""
    split = find_column(found.columns, SPLIT_NAMES) if found.named else None
    if reading.part is None or (split is None and like is not None):
        return None
    if split is None:
        raise DataError(f"part = {reading.part!r} needs a column of parts ({', '.join(SPLIT_NAMES[:3])}); {found.where} has none")
    parts = [str(each) for each in _list(found.columns[split])]
    rows = np.flatnonzero(np.array([each == reading.part for each in parts]))
    if not len(rows):
        raise DataError(f"{found.where} has no part {reading.part!r} in its column {split!r}{nearest(reading.part, set(parts))}")
    notes.append(f"only the {len(rows):,} rows are read whose {split!r} is {reading.part!r}")
    return rows


def _facts(
    columns: dict[str, Any], found: Found, options: ReadOptions, reading: TableReading, like: TableSpec | None, notes: list[str]
) -> tuple[Facts, tuple[str | None, str | None, set[str]]]:
    """Ids, labels and groups; and which columns they, or nothing, took: (label, group, all that are no input)."""
    count = len(next(iter(columns.values())))
    label = _purpose(columns, options.labels, LABEL_NAMES, "labels", found, like.label if like else None)
    group = _purpose(columns, options.groups, GROUP_NAMES, "groups", found, like.group if like else None)
    spent = {each for each in (label, group) if each is not None} | set(reading.leave_out)
    labels, classes = np.full(count, -1, dtype=np.int64), list[str]()
    if label is not None:
        try:
            labels, classes = encode(_list(columns[label]))
            notes.append(f"labels are taken from the column {label!r}, which is no input")
        except DataError:
            if isinstance(options.labels, str):
                raise
            notes.append(f"the column {label!r} holds real numbers, which are no classes: it is left out, as a target is no input")
    groups = number_groups(_list(columns[group])) if group is not None else None
    if group is not None:
        notes.append(f"groups are taken from the column {group!r}, which is no input")
    split = find_column(columns, SPLIT_NAMES) if found.named else None
    if split is not None and split not in spent:
        spent.add(split)
        values = sorted({str(each) for each in _list(columns[split])})
        hint = f"; --read part={values[-1]} takes one" if reading.part is None and 1 < len(values) <= 20 else ""
        notes.append(f"the column {split!r} tells parts and is no input{hint}")
    ids = _ids(columns, found, spent)
    facts = Facts(ids or [str(row) for row in range(count)], labels, classes, groups)
    facts = attach(facts, None if label else options.labels, None if group else options.groups)
    return facts, (label, group, spent)


def _purpose(
    columns: dict[str, Any], wanted: Any, names: tuple[str, ...], purpose: str, found: Found, before: str | None
) -> str | None:
    """The column a person named; or the one that an encoder's own data had; or, where nothing was given, a telling name."""
    if isinstance(wanted, str) and (find_column(columns, [wanted.strip().lower()]) or not Path(wanted).expanduser().is_file()):
        return named_column(columns, wanted, purpose)
    if wanted is not None or not found.named:
        return None
    if before is not None:
        return before if before in columns else None
    return find_column(columns, names)


def _ids(columns: dict[str, Any], found: Found, spent: set[str]) -> list[str] | None:
    """A column of ids, if one is called so and tells every row apart."""
    name = find_column(columns, ID_NAMES) if found.named else None
    if name is None or name in spent:
        return None
    ids = [str(each) for each in _list(columns[name])]
    if len(set(ids)) < len(ids) or any(each in ("None", "nan", "") for each in ids):
        return None
    if not all(each == each.strip() and len(each) < 200 for each in ids):
        return None
    spent.add(name)
    return ids


def _matched(columns: dict[str, Any], found: Found, like: TableSpec) -> dict[str, Any]:
    """The columns that an encoder learned from: by name, or, in an array, by place."""
    wanted = list(dict.fromkeys(column.source for column in like.columns))
    if found.named:
        if lost := [name for name in wanted if name not in columns]:
            raise DataError(
                f"the encoder learned from the columns {', '.join(wanted[:5])}{' ...' if len(wanted) > 5 else ''}; {found.where} "
                f"lacks {len(lost)} of them: {', '.join(lost[:5])}"
            )
        return columns
    if len(columns) == len(like.order):
        return dict(zip(like.order, columns.values(), strict=True))
    if len(columns) == len(wanted):
        return dict(zip(wanted, columns.values(), strict=True))
    raise DataError(f"the encoder learned from {len(like.order)} columns, and this table has {len(columns)}")


def _taken(column: Any, rows: np.ndarray) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else column.take(rows)


def _list(column: Any) -> list[Any]:
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else column.to_pylist()
    return values
