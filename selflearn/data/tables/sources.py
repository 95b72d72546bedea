"""Where tables come from: files, DataFrames, Arrow tables and arrays, all brought to named Arrow columns."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from selflearn.data.columns import GROUP_NAMES, ID_NAMES, LABEL_NAMES, refuse_wide
from selflearn.data.dataset import Skipped
from selflearn.data.headers import Shapes, load_arrays
from selflearn.data.packed import content, is_packed
from selflearn.data.walk import walk
from selflearn.errors import DataError

SEPARATED, PARQUET, ARROW, ARRAYS = {".csv", ".tsv", ".tab"}, {".parquet", ".pq"}, {".arrow", ".feather"}, {".npy", ".npz"}
FILES = SEPARATED | PARQUET | ARROW | ARRAYS
MISSING = ("", "?", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "#N/A", "<NA>", "-nan", ".", "-")
HEAD_BYTES = 1 << 22
BLOCK = 1 << 23


@dataclass
class Found:
    """A table as it was found: columns by name, all of one length, not yet understood.

    Attributes
    ----------
    columns : name -> Arrow array (chunked or not).
    where : for messages. named : whether columns can be told by name (else by place).
    """

    columns: dict[str, Any]
    where: str
    named: bool = True
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))


def open_source(source: Any, header: bool | None = None) -> Found:
    """Any source of tables.

    Raises
    ------
    DataError : it cannot be read, or holds no rows or columns, or too many columns.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        return _checked(_folder(path, header) if path.is_dir() else _file(path, header))
    if are_files(source):
        return _checked(_files([Path(each).expanduser() for each in source], header))
    if is_frame(source) or is_arrow(source):
        return _checked(_frame(source))
    if is_hub(source):
        return _checked(_arrow_table(source.with_format("arrow")[:], "the dataset"))
    return _checked(_array(source))


def suffix_of(path: Path) -> str:
    """The ending of a file, below ".gz" where it is compressed."""
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def is_frame(source: Any) -> bool:
    """Whether a source is a DataFrame, of pandas or polars."""
    return hasattr(source, "columns") and (hasattr(source, "iloc") or hasattr(source, "to_arrow"))


def is_arrow(source: Any) -> bool:
    """Whether a source is an Arrow table or record batch."""
    return isinstance(source, pa.Table | pa.RecordBatch)


def is_hub(source: Any) -> bool:
    """Whether a source is a Hugging Face dataset."""
    return hasattr(source, "column_names") and hasattr(source, "features") and hasattr(source, "with_format")


def are_files(source: Any) -> bool:
    """Whether a source is a list of table files."""
    return (
        isinstance(source, list | tuple)
        and bool(source)
        and all(isinstance(each, str | Path) and suffix_of(Path(each)) in FILES for each in source)
    )


def members(folder: Path) -> list[Path]:
    """The table files of a folder, at any depth, in order; hidden ones are passed by.

    Raises
    ------
    DataError : the folder cannot be looked into.
    """
    return [folder / name for name in sorted(walk(folder, lambda path: suffix_of(Path(path)) in FILES - ARRAYS).files)]


def named_columns(path: Path) -> list[str]:
    """The names of a table file's columns, without reading the rest; empty where it has none."""
    if suffix_of(path) in SEPARATED:
        lines = head(path)
        return _names(lines, None) if lines else []
    return [name for name, _ in schema(path)]


def as_array(source: Any) -> np.ndarray:
    """An array or tensor as NumPy."""
    return np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)


def head(path: Path) -> list[list[str]]:
    """The first lines of a file with separators, cut into cells; empty where it is no text."""
    text, _ = _head_text(path)
    separator = _separator(path, text)
    try:
        return [row for row in csv.reader(text.splitlines()[:200], delimiter=separator) if row]
    except csv.Error:
        return []


def schema(path: Path) -> list[tuple[str, Any]]:
    """Names and types of a Parquet or Arrow file's columns, without reading them; empty where it is none."""
    import pyarrow.parquet as pq
    from pyarrow import ipc

    try:
        if suffix_of(path) in PARQUET:
            found = pq.read_schema(path)
        else:
            with pa.memory_map(str(path)) as file:
                found = ipc.open_file(file).schema
    except (pa.ArrowException, OSError):
        return []
    return [(each.name, each.type) for each in found]


def _checked(found: Found) -> Found:
    if not found.columns or not found.rows:
        what = "columns" if not found.columns else f"rows of {len(found.columns):,} cells" if found.skipped else "rows"
        first = (
            f" ({len(found.skipped):,} skipped; first: {found.skipped[0].what}: {found.skipped[0].why})" if found.skipped else ""
        )
        raise DataError(f"{found.where} holds no {what}{first}")
    refuse_wide(len(found.columns), found.where)
    return found


def _file(path: Path, header: bool | None) -> Found:
    suffix = suffix_of(path)
    try:
        if suffix in SEPARATED or suffix in {".txt", ".dat", ".data"}:
            return _separated(path, header)
        if suffix in ARRAYS:
            return _archive(path) if suffix == ".npz" else _array(load_arrays(path)["values"], str(path))
        if suffix in PARQUET:
            import pyarrow.parquet as pq

            refuse_wide(len(schema(path)), str(path))
            return _arrow_table(pq.read_table(path), str(path))
        if suffix in ARROW:
            from pyarrow import feather

            refuse_wide(len(schema(path)), str(path))
            return _arrow_table(feather.read_table(path), str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or str(error).splitlines()[0]}") from error
    except (pa.ArrowException, ValueError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is no readable {suffix[1:] or 'table'} file: {str(error).splitlines()[0]}") from error
    raise DataError(f"{path} is no table file; known endings: {', '.join(sorted(FILES))}")


def _files(paths: Sequence[Path], header: bool | None) -> Found:
    """Several files with the same columns as one table; the columns are those of the first."""
    parts = [_file(path, header) for path in paths]
    return _one_table(paths, parts)


def _one_table(paths: Sequence[Path], parts: Sequence[Found]) -> Found:
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if set(part.columns) != set(first.columns):
            raise DataError(f"{path} has other columns than {paths[0]}; files are one table only where their columns are the same")
    if len(parts) == 1:
        return first
    tables = [pa.table({name: part.columns[name] for name in first.columns}) for part in parts]
    for place, name in enumerate(first.columns):
        kinds = {each.schema.field(name).type for each in tables}
        if len(kinds) > 1 and any(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in kinds):
            tables = [each.set_column(place, name, each[name].cast(pa.string())) for each in tables]  # as in a single file
    whole = pa.concat_tables(tables, promote_options="permissive")
    found = _arrow_table(whole, f"{len(paths)} files")
    found.skipped = [each for part in parts for each in part.skipped]
    found.notes = [each for part in parts for each in part.notes]
    return found


def _folder(folder: Path, header: bool | None) -> Found:
    paths = members(folder)
    if not paths:
        raise DataError(f"the folder {folder} holds no tables; known endings: {', '.join(sorted(FILES - ARRAYS))}")
    parts, skipped = dict[Path, Found](), list[Skipped]()
    for path in paths:
        try:
            parts[path] = _checked(_file(path, header))
        except DataError as error:
            if len(paths) == 1:
                raise
            skipped.append(Skipped(path.relative_to(folder).as_posix(), str(error)))
    if not parts:
        raise DataError(f"none of the {len(paths)} tables in {folder} can be read; first: {skipped[0].why}")
    paths = list(parts)
    found = _one_table(paths, list(parts.values()))
    found.where = f"the folder {folder}"
    found.skipped += skipped
    if len(paths) > 1:
        found.notes.append(f"its {len(paths)} files are read as one table: {', '.join(path.name for path in paths[:3])}, ...")
    return found


def samples_of(shapes: Shapes) -> str | None:
    """The array of an archive that holds rows of numbers, such as `X`: the only one with two axes; None where it is not clear."""
    able = [name for name, (shape, dtype) in shapes.items() if len(shape) == 2 and dtype.kind in "iufb"]
    return able[0] if len(able) == 1 else None


def _archive(path: Path) -> Found:
    """An .npz of rows of numbers, and of labels, groups or ids beside them: one each a row."""
    arrays = load_arrays(path)
    name = samples_of({each: (array.shape, array.dtype) for each, array in arrays.items()})
    if name is None:
        told = ", ".join(f"{each} {array.shape}" for each, array in list(arrays.items())[:6]) or "nothing"
        raise DataError(f"{path} needs one array with two axes, of rows and columns; it has {told}")
    found = _array(arrays[name], str(path))
    beside = {each: array for each, array in arrays.items() if array.shape == (found.rows,)}
    return Found({**found.columns, **{each: pa.array(array.tolist()) for each, array in beside.items()}}, str(path))


def _frame(frame: Any) -> Found:
    if is_arrow(frame):
        return _arrow_table(pa.table(frame) if isinstance(frame, pa.RecordBatch) else frame, "the Arrow table")
    if not hasattr(frame, "iloc"):
        return _arrow_table(frame.to_arrow(), "the DataFrame")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise DataError(f"the DataFrame has two columns named {double!r}; give them different names")
    columns = {}
    for place, name in enumerate(names):
        try:
            columns[name] = pa.array(frame.iloc[:, place], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):  # mixed objects: what they say is all that can be used
            values = frame.iloc[:, place]
            columns[name] = pa.array([None if each is None or each != each else str(each) for each in values], pa.string())  # noqa: PLR0124
    return Found(columns, "the DataFrame")


def _arrow_table(table: pa.Table, where: str) -> Found:
    if len(set(table.column_names)) < len(table.column_names):
        raise DataError(f"{where} has two columns of one name; give them different names")
    return Found({name: table[name] for name in table.column_names}, where)


def _array(source: Any, where: str = "the array") -> Found:
    values = as_array(source)
    if values.ndim != 2 or values.dtype.kind not in "uifb":
        raise DataError(f"a table is a 2-D array of numbers, (rows, columns); this is {values.dtype} of shape {values.shape}")
    refuse_wide(values.shape[1], where)
    columns = {f"column {place}": values[:, place] for place in range(values.shape[1])}
    return Found(columns, where, named=False)


def _separated(path: Path, header: bool | None) -> Found:
    """A CSV: any of , ; tab | between cells; cells of named columns are typed by what stands in them."""
    from pyarrow import csv as arrow_csv

    text, encoding = _head_text(path)
    if not text.strip():
        raise DataError(f"{path} is empty")
    blank = sum(1 for _ in itertools.takewhile(lambda line: not line.strip(), text.splitlines()))
    separator = _separator(path, text)
    refuse_wide(text.splitlines()[blank].count(separator) + 1, str(path))
    lines = head(path)
    names = _names(lines, header)
    skipped: list[Skipped] = []

    def bad_row(row: Any) -> str:
        number = "" if row.number is None else f" {row.number}"
        skipped.append(Skipped(f"row{number}", f"it has {row.actual_columns} cells, and there are {row.expected_columns} columns"))
        return "skip"

    found_names = names or [f"column {place}" for place in range(len(lines[0]))]
    strings = {name for name in found_names if name.lower() in (*ID_NAMES, *LABEL_NAMES, *GROUP_NAMES)}

    def read(texts: Iterable[str]) -> pa.Table:
        skipped.clear()
        return arrow_csv.read_csv(
            io.BytesIO(content(path)) if is_packed(path) else path,
            read_options=arrow_csv.ReadOptions(
                column_names=found_names, skip_rows=blank + bool(names), encoding=encoding, use_threads=False, block_size=BLOCK
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, invalid_row_handler=bad_row, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                null_values=list(MISSING), strings_can_be_null=True, column_types=dict.fromkeys(texts, pa.string())
            ),
        )

    try:
        table = read(strings)
    except pa.ArrowInvalid as error:  # types are inferred from the first block; a later cell may be of another
        if "conversion error" not in str(error):
            raise
        table = read(found_names)
    found = _arrow_table(table, str(path))
    found.skipped, found.named = skipped, bool(names)
    if not names:
        found.notes.append("the first line names no columns, so they are numbered")
    if encoding == "latin-1":
        found.notes.append("the file is not UTF-8 and is read as Latin-1")
    return found


def _head_text(path: Path) -> tuple[str, str]:
    """The beginning of a text file, and its encoding."""
    raw = content(path, HEAD_BYTES)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw[: len(raw) // 2 * 2].decode("utf-16", errors="replace"), "utf-16"
    if b"\x00" in raw[:4096]:
        raise DataError(f"{path} is no text file, whatever its name says")
    whole = raw if len(raw) < HEAD_BYTES else raw[: raw.rfind(b"\n") + 1] or raw
    try:
        return whole.decode("utf-8-sig"), "utf8"
    except UnicodeDecodeError:
        return whole.decode("latin-1"), "latin-1"


def _separator(path: Path, text: str) -> str:
    if suffix_of(path) in {".tsv", ".tab"}:
        return "\t"
    line = text.lstrip().split("\n", 1)[0]
    return max(",;\t|", key=line.count)


def _names(lines: list[list[str]], header: bool | None) -> list[str]:
    """The first line as names, if it names columns: it does unless numbers stand in it where numbers stand below."""
    first, below = lines[0], lines[1:50]
    if header is False:
        return []
    if header is None and below:
        numbers = [place for place in range(len(first)) if all(_is_number(row[place]) for row in below if place < len(row))]
        same = [place for place in numbers if _is_number(first[place])]
        if same and len(same) > len(numbers) / 2 and not _counts(first[place] for place in same):
            return []
    names = [name.strip() or f"column {place}" for place, name in enumerate(first)]
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[place] = f"{name} ({seen[name]})"
    return names


def _counts(cells: Any) -> bool:
    """Whether numbers go up one by one, as years or numbered measurements do: then they are names after all."""
    numbers = [float(cell) for cell in cells]
    return len(numbers) > 2 and all(two - one == 1 for one, two in itertools.pairwise(numbers))


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip())
    except ValueError:
        return False
    return True
