"""Files of tables as they come: separators, encodings, blank and ragged lines; what cannot be read says why, and at once."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn.data import read, recognise
from selflearn.data.tables import TableSpec
from selflearn.errors import DataError

ROWS = [f"{7 * row % 31},{row * row % 17},{'xyz'[row % 3]}" for row in range(30)]


def written(path: Path, lines: list[str], head: str = "a,b,c") -> Path:
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def names(dataset: object) -> list[str]:
    spec = getattr(dataset, "spec", None)
    assert isinstance(spec, TableSpec)
    return [column.name for column in spec.columns]


@pytest.mark.parametrize(("separator", "ending"), [(",", ".csv"), (";", ".csv"), ("|", ".csv"), ("\t", ".tsv")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found(tmp_path: Path, separator: str, ending: str, line_end: str) -> None:
    text = line_end.join(["a,b,c", *ROWS]).replace(",", separator)
    (tmp_path / f"t{ending}").write_bytes(text.encode())
    data = read(tmp_path / f"t{ending}", kind="table")
    assert (len(data), names(data)) == (30, ["a", "b", "c"])


def test_latin_letters_and_compression_are_read(tmp_path: Path) -> None:
    text = "\n".join(["größe,b,c", *ROWS])
    (tmp_path / "l.csv").write_bytes(text.encode("latin-1"))
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress(text.encode("utf-8-sig")))
    latin, packed = read(tmp_path / "l.csv"), read(tmp_path / "z.csv.gz")
    assert names(latin) == names(packed) == ["größe", "b", "c"]
    assert any("Latin-1" in note for note in latin.facts.notes)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    plain = read(written(tmp_path / "plain.csv", ROWS))
    blank = read(written(tmp_path / "blank.csv", [f"{row}\n" for row in ROWS], head="\n\na,b,c"))
    assert blank.fingerprint == plain.fingerprint


def test_ragged_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    data = read(written(tmp_path / "r.csv", [*ROWS[:5], "1,2", *ROWS[5:], "1,2,x,4"]))
    assert len(data) == 30
    assert [each.what for each in data.facts.skipped] == ["row 7", "row 33"]
    with pytest.raises(DataError, match=r"30 skipped; first: row 2: it has 4 cells"):
        read(written(tmp_path / "all.csv", [f"{row}," for row in ROWS]))


def test_a_type_that_changes_late_is_a_missing_cell(tmp_path: Path) -> None:
    late = [f"{row % 97},{row % 7}" for row in range(500)]
    late[400] = "broken,3"
    data = read(written(tmp_path / "late.csv", late, head="a,b"))
    assert len(data) == 500
    assert any("no number among numbers" in note and "in 1 column: a" in note for note in data.facts.notes)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 5000, mtime=0)[:-30], "no whole gzip"),
        ("no.csv.gz", b"a,b\n1,2\n", "no whole gzip file"),
        ("zero.csv", b"", "holds no rows|is empty"),
        ("text.parquet", b"hello", "no readable Parquet"),
        ("empty.parquet", b"", "no readable Parquet"),
        ("head.csv", b"a,b\n", "holds no rows"),
    ],
)
def test_what_is_damaged_is_said(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        read(tmp_path / name)


@pytest.mark.parametrize("keep", [8, 300, -20])
def test_truncated_parquet_is_refused(tmp_path: Path, keep: int) -> None:
    pq.write_table(pa.table({"a": np.arange(500.0), "b": np.arange(500.0) ** 2}), tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:keep])
    with pytest.raises(DataError, match="no readable Parquet|cannot be read"):
        read(tmp_path / "t.parquet")


def _csv(path: Path) -> Path:
    path = path / "wide.csv"
    path.write_text(",".join(["c"] * 1_000_000) + "\n" + ",".join(["1"] * 1_000_000) + "\n")
    return path


def _array(_: Path) -> np.ndarray:
    return np.lib.stride_tricks.as_strided(np.zeros(1), (10, 1_000_000), (0, 0))


@pytest.mark.parametrize("source", [_csv, _array])
def test_a_million_columns_are_refused_before_they_are_read(tmp_path: Path, source: Callable[[Path], object]) -> None:
    with pytest.raises(DataError, match=r"1,000,000 columns, and at most 50,000"):
        read(source(tmp_path))


def test_a_file_that_one_kind_cannot_read_may_be_anothers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\n".join(["straße,b", *(f"{row % 7},ü{row % 3}" for row in range(20))]).encode("latin-1"))
    assert recognise(tmp_path / "t.csv").kind == "table"


@pytest.mark.parametrize(("first", "named"), [("a,b,c", True), ("5.1,3.5,x", False), ("2001,2002,2003", True), ("1,2,1", False)])
def test_a_first_line_of_numbers_names_no_columns(tmp_path: Path, first: str, named: bool) -> None:
    rows = [f"{row % 7}.5,{row % 5},{row % 3}" for row in range(20)]
    data = read(written(tmp_path / "t.csv", rows, head=first), kind="table")
    assert len(data) == (20 if named else 21)
    assert (names(data)[0] == first.split(",", maxsplit=1)[0]) == named


def test_files_of_the_same_columns_are_one_table(tmp_path: Path) -> None:
    one, two = written(tmp_path / "1.csv", ROWS), written(tmp_path / "2.csv", ROWS[:10])
    assert len(read([one, two], kind="table")) == 40
    other = written(tmp_path / "3.csv", ROWS, head="a,b,other")
    with pytest.raises(DataError, match=r"3\.csv has other columns"):
        read([one, other], kind="table")


def test_arrow_parquet_and_feather_say_the_same(tmp_path: Path) -> None:
    from pyarrow import feather

    table = pa.table({"a": np.arange(20.0) ** 2, "b": ["x", "y", None, "z"] * 5})
    pq.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.feather")
    assert len({read(each).fingerprint for each in (table, tmp_path / "t.parquet", tmp_path / "t.feather")}) == 1


def test_files_of_a_folder_with_the_same_columns_are_one_table(tmp_path):
    for part in range(3):
        lines = ["size,colour", *(f"{10 * part + row},{'red' if row % 2 else 'blue'}" for row in range(5))]
        (tmp_path / f"part{part}.csv").write_text("\n".join(lines))
    found = recognise(tmp_path)
    assert (found.kind, found.why) == ("table", "its 3 files have the same 2 columns")
    data = read(tmp_path)
    assert len(data) == 15
    assert any("its 3 files are read as one table: part0.csv" in note for note in data.facts.notes)
    (tmp_path / "other.csv").write_text("size,weight\n1,2\n")
    with pytest.raises(DataError, match="no data of a known kind"):
        recognise(tmp_path)
    with pytest.raises(DataError, match="has other columns than"):
        read(tmp_path, kind="table")


def test_parts_of_a_table_may_differ_in_the_types_of_a_column_and_one_may_be_damaged(tmp_path):
    for part, age in enumerate(("31", "unknown", "4.5")):
        lines = ["age,colour", *(f"{age if row == 2 else 20 + row},{'red' if row % 2 else 'blue'}" for row in range(50))]
        (tmp_path / f"part{part}.csv").write_text("\n".join(lines))
    (tmp_path / "part3.csv").write_text("")
    assert recognise(tmp_path).kind == "table"
    data = read(tmp_path)
    assert len(data) == 150
    assert data.spec.columns[0].is_number
    assert np.isnan(data.values[:, 0]).nonzero()[0].tolist() == [52]
    assert data.values[[2, 102], 0].tolist() == [31, 4.5]
    assert [each.what for each in data.facts.skipped] == ["part3.csv"]


def test_rows_and_labels_of_an_archive(tmp_path):
    rng = np.random.default_rng(0)
    rows, classes = rng.normal(size=(20, 3)), np.arange(20) % 2
    np.savez(tmp_path / "a.npz", X=rows, y=classes)
    assert recognise(tmp_path / "a.npz").kind == "table"
    data = read(tmp_path / "a.npz")
    assert len(data.spec.columns) == 3
    assert data.labels.tolist() == classes.tolist()
    assert np.allclose(read(rows[:4], like=data.spec).values, rows[:4])
    np.savez(tmp_path / "b.npz", X=rows, Z=rows)
    with pytest.raises(DataError, match="one array with two axes"):
        read(tmp_path / "b.npz", kind="table")


def test_a_damaged_file_is_complained_of_once(tmp_path):
    path = tmp_path / "bytes.csv"
    path.write_bytes(bytes(range(256)) * 9)
    with pytest.raises(DataError) as caught:
        recognise(path)
    assert str(caught.value).count(str(path)) == 1
    assert "taken for image or sound: it is" in str(caught.value)


def test_what_a_spreadsheet_calls_unicode_text_is_read(tmp_path):
    text = "size\tcolour\n" + "\n".join(f"{row / 3}\t{'weiß' if row % 2 else 'rot'}" for row in range(20))
    (tmp_path / "a.tsv").write_text(text, encoding="utf-16")
    (tmp_path / "b.tsv").write_text(text, encoding="utf-8")
    assert recognise(tmp_path / "a.tsv").kind == "table"
    assert read(tmp_path / "a.tsv").fingerprint == read(tmp_path / "b.tsv").fingerprint
