"""Parquet and Arrow files with a column of encoded pictures or recordings, taken some row groups at a time.

A picture in a compressed row group cannot be read alone. So each part (some row groups) is written out once as the plain
bytes of its members, end to end, and read from there by position like a tar.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, find_column, named_column
from selflearn.data.dataset import Skipped
from selflearn.data.remote.files import filesystem
from selflearn.data.remote.retry import retried
from selflearn.data.shards.files import ShardFile
from selflearn.data.shards.index import Examiner, Index, coded
from selflearn.data.shards.tars import Roles
from selflearn.data.shards.window import opened

PART = 64_000_000
"""Row groups are taken together up to so many bytes."""

_TELLING = ("image", "img", "picture", "photo", "jpg", "png", "webp", "audio", "sound", "wav", "flac", "bytes", "content", "data")


def media_column(schema: pa.Schema) -> str | None:
    """The column that holds encoded files: a struct with bytes, or binary values; one with a telling name first."""
    fitting = [field.name for field in schema if _holds_bytes(field.type)]
    structs = [name for name in fitting if pa.types.is_struct(schema.field(name).type)]
    return find_column([*structs, *fitting], _TELLING) or next(iter([*structs, *fitting]), None)


@functools.lru_cache(maxsize=1024)
def schema_of(file: ShardFile) -> pa.Schema:
    """From the footer or header alone. Raises `pa.ArrowException` or OSError where the file is none."""

    def work() -> pa.Schema:
        with _handle(file) as handle:
            return pq.ParquetFile(handle).schema_arrow if file.form == "parquet" else _arrow_reader(handle).schema

    return retried(work, file.where)


def first_members(file: ShardFile, most: int) -> list[tuple[str, bytes]]:
    """Names (or empty ones) and first bytes of a few members."""
    column = media_column(schema_of(file))
    if column is None:
        return []
    with _handle(file) as handle:
        if file.form == "parquet":
            batches = pq.ParquetFile(handle).iter_batches(batch_size=most, columns=[column])
        else:
            batches = iter(_arrow_batches(handle, [column]))
        batch = next(iter(batches), None)
    if batch is None:
        return []
    values, names = _values(batch.column(0))
    return [(names[row] or "", values[row].as_py() or b"") for row in range(min(most, len(values)))]


def plan(file: ShardFile) -> np.ndarray:
    """(parts, 3) int64: first and last (exclusive) row group of each part, and bytes of its members (-1: not known yet)."""
    if file.form == "arrow":
        return np.array([[0, 0, -1]], dtype=np.int64)
    parts: list[list[int]] = []
    about, taken = retried(lambda: _footer(file), file.where), 0
    for number in range(about.num_row_groups):
        size = about.row_group(number).total_byte_size
        if not parts or taken + size > PART:
            parts.append([number, number, -1])
            taken = 0
        parts[-1][1] = number + 1
        taken += size
    return np.array(parts or [[0, 0, -1]], dtype=np.int64)


def _footer(file: ShardFile) -> pq.FileMetaData:
    with _handle(file) as handle:
        return pq.ParquetFile(handle).metadata


def write_part(file: ShardFile, first: int, last: int, target: Path, on_retry: Callable[[], None]) -> None:
    """Write the members of some row groups end to end."""

    def work() -> None:
        with target.open("wb") as out:
            for batch in _batches(file, first, last, None):
                _append(out, batch.column(0))

    retried(work, file.where, on_retry)


def index_columnar(file: ShardFile, where: str, examiner: Examiner, roles: Roles, keep: Any) -> Index:
    """Look through a file once, part by part.

    Parameters
    ----------
    where : what the file is called in messages and in the names of its rows.
    keep : ``keep(number, write)`` gives the path of a part that `write(path)` makes.
    """
    parts = plan(file)
    skipped: list[Skipped] = []
    names, sizes, offsets, blocks, facts = list[str](), list[int](), list[int](), list[int](), list[tuple[Any, ...]]()
    labels, groups, row = list[str | None](), list[str | None](), 0
    schema = schema_of(file)
    columns = _role_columns(schema, roles)
    for number, (first, last, _) in enumerate(parts.tolist()):
        told = _Told()

        def write(path: Path, first: int = first, last: int = last, told: _Told = told) -> None:
            told.write(file, first, last, columns, path)

        path: Path = keep(number, write)
        if told.sizes is None:  # the part was there already: only its columns are read again
            told.read(file, first, last, columns)
        assert told.sizes is not None
        begin = 0
        with io.FileIO(path) as part:
            for each, size in enumerate(told.sizes):
                name = told.names[each] or f"{where}:{row}"
                row += 1
                if size <= 0:
                    skipped.append(
                        Skipped(f"{where}, row {row - 1}", "there is no file in it" if size < 0 else "the file is empty (0 bytes)")
                    )
                    continue
                try:
                    with opened(part, begin, size) as member:
                        facts.append(examiner.look(member))
                except Exception as error:  # one bad row never ends a run
                    skipped.append(Skipped(f"{where}, row {row - 1}", examiner.reason(error)))
                else:
                    names.append(name)
                    sizes.append(size)
                    offsets.append(begin)
                    blocks.append(number)
                    labels.append(told.labels[each])
                    groups.append(told.groups[each])
                begin += size
        parts[number, 2] = begin
    label, label_names = coded(labels)
    group, group_names = coded(groups)
    return Index(
        names,
        np.array(blocks, dtype=np.int32),
        np.array(offsets, dtype=np.int64),
        np.array(sizes, dtype=np.int64),
        np.array(facts, dtype=examiner.dtype),
        label,
        group,
        label_names,
        group_names,
        _class_names(schema, columns.get("label")),
        parts,
        skipped,
    )


class _Told:
    """Sizes, names, labels and groups of the rows of one part."""

    def __init__(self) -> None:
        self.sizes: list[int] | None = None
        self.names: list[str | None] = []
        self.labels: list[str | None] = []
        self.groups: list[str | None] = []

    def write(self, file: ShardFile, first: int, last: int, columns: dict[str, str], path: Path) -> None:
        """Read the part, and write its members end to end."""

        def work() -> None:
            with path.open("wb") as out:
                self._gather(file, first, last, columns, out)

        retried(work, file.where)

    def read(self, file: ShardFile, first: int, last: int, columns: dict[str, str]) -> None:
        """Read the part."""
        retried(lambda: self._gather(file, first, last, columns, None), file.where)

    def _gather(self, file: ShardFile, first: int, last: int, columns: dict[str, str], out: Any) -> None:
        self.sizes, self.names, self.labels, self.groups = [], [], [], []
        for batch in _batches(file, first, last, list(columns.values())):
            values, names = _values(batch.column(0))
            self.sizes += [-1 if not each.is_valid else each.as_buffer().size for each in values]
            self.names += names
            for role, kept in (("label", self.labels), ("group", self.groups)):
                column = batch.column(columns[role]).to_pylist() if role in columns else [None] * len(batch)
                kept += [None if each is None else str(each) for each in column]
            if out is not None:
                _append(out, batch.column(0))


def _role_columns(schema: pa.Schema, roles: Roles) -> dict[str, str]:
    """Role -> column, of plain values alone."""
    media = media_column(schema)
    plain = [
        field.name
        for field in schema
        if field.name != media and not pa.types.is_nested(field.type) and not _holds_bytes(field.type)
    ]
    found = {}
    for role, asked, names in (("label", roles.label, LABEL_NAMES), ("group", roles.group, GROUP_NAMES)):
        column = named_column(plain, asked, f"{role}s") if asked else find_column(plain, names)
        if column is not None:
            found[role] = column
    return found


def _class_names(schema: pa.Schema, column: str | None) -> list[str]:
    """The names of classes that the `datasets` library notes in a schema."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        about = json.loads((schema.metadata or {})[b"huggingface"])
        return [str(each) for each in about["info"]["features"][column]["names"]]
    return []


def _batches(file: ShardFile, first: int, last: int, others: list[str] | None) -> Iterator[pa.RecordBatch]:
    """The media column, then the others."""
    column = media_column(schema_of(file))
    assert column is not None
    wanted = [column, *(others or [])]
    with _handle(file) as handle:
        if file.form == "parquet":
            source = pq.ParquetFile(handle, pre_buffer=file.remote is not None)
            if last > first:
                for batch in source.iter_batches(batch_size=256, row_groups=list(range(first, last)), columns=wanted):
                    yield batch.select(wanted)
        else:
            yield from _arrow_batches(handle, wanted)


def _arrow_batches(handle: Any, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    reader = _arrow_reader(handle)
    if isinstance(reader, pa.RecordBatchStreamReader):
        for batch in reader:
            yield batch.select(wanted)
    else:
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number).select(wanted)


def _arrow_reader(handle: Any) -> Any:
    """Of a file in Arrow's file format, or in its stream format (as `datasets` keeps them)."""
    try:
        return pa.ipc.open_file(handle)
    except pa.ArrowInvalid:
        handle.seek(0)
        return pa.ipc.open_stream(handle)


@contextmanager
def _handle(file: ShardFile) -> Iterator[Any]:
    if file.path is not None:
        with pa.memory_map(str(file.path)) if file.form == "arrow" else pa.OSFile(str(file.path)) as handle:
            yield handle
        return
    assert file.remote is not None
    fs, path = filesystem(file.remote.url)
    with fs.open(path, "rb", block_size=4_000_000, cache_type="readahead") as handle:
        yield handle


def _holds_bytes(form: pa.DataType) -> bool:
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if pa.types.is_struct(form):
        return form.get_field_index("bytes") >= 0 and _holds_bytes(form.field("bytes").type)
    return any(check(form) for check in binary) or (hasattr(pa.types, "is_binary_view") and pa.types.is_binary_view(form))


def _values(column: pa.Array) -> tuple[pa.Array, list[str | None]]:
    """The bytes of a column, null where there are none, and the file names beside them."""
    if not pa.types.is_struct(column.type):
        return column, [None] * len(column)
    names: list[str | None] = [None] * len(column)
    if column.type.get_field_index("path") >= 0:
        names = column.field("path").to_pylist()
    return pa.compute.struct_field(column, "bytes"), names


def _append(out: Any, column: pa.Array) -> None:
    values, _ = _values(column)
    for each in values:
        if each.is_valid:
            out.write(each.as_buffer())
