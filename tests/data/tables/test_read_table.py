"""Tables: types are found and told, what is missing stays missing and is counted, and other rows are read as the first were."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from selflearn.data import Spec, read, recognise, spec_from_json, spec_to_json
from selflearn.data.tables import TableSpec
from selflearn.errors import DataError


def table(rows: int = 20, columns: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 2, (rows, columns))


def table_spec(spec: Spec) -> TableSpec:
    assert isinstance(spec, TableSpec)
    return spec


def people(path: Path, rows: int = 200) -> Path:
    draw = np.random.default_rng(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "age", "town", "since", "income", "vip", "same", "label"])
        for row in range(rows):
            age = "" if row % 10 == 0 else str(draw.integers(18, 90))
            since = f"20{draw.integers(10, 24)}-{draw.integers(1, 13):02d}-{draw.integers(1, 28):02d}"
            income = f"{np.exp(draw.normal(8, 1.5)):.2f}"
            writer.writerow([f"p{row}", age, draw.choice(["Ulm", "Graz", "?"]), since, income, row % 2 == 0, "x", row % 3])
    return path


def test_an_array_is_a_table_whose_columns_are_standardised() -> None:
    values = table()
    data = read(values)
    assert recognise(values).kind == "table"
    assert table_spec(data.spec).describe() == "3 columns of numbers"
    assert torch.equal(data.batch([4, 2]).values, torch.from_numpy(values[[4, 2]].astype(np.float32)))
    raw = data.raw(np.arange(20))
    assert np.abs(raw.mean(axis=0)).max() < 1e-5
    assert raw.std(axis=0) == pytest.approx(1, rel=1e-4)
    assert spec_from_json(spec_to_json(data.spec)) == data.spec


def test_the_types_of_columns_are_found_and_told(tmp_path: Path) -> None:
    data = read(people(tmp_path / "people.csv"))
    spec = table_spec(data.spec)
    kinds = {column.name: column.is_number for column in spec.columns}
    assert kinds["age"]
    assert kinds["income"]
    assert not kinds["town"]
    assert any(name.startswith("since") for name in kinds)
    assert not {"id", "same", "label"} & set(kinds)
    assert data.facts.classes == ["0", "1", "2"]
    assert data.facts.ids[3] == "p3"
    said = " | ".join(data.facts.notes)
    for word in ("'label'", "same", "missing cells", "since"):
        assert word in said
    assert "age" in data.words(1)


def test_missing_cells_stay_missing_and_are_counted() -> None:
    values = table()
    values[3, 1] = values[5, 1] = np.nan
    given = values.copy()
    data = read(values)
    assert data.batch([3]).values[0, 1].isnan()
    assert data.raw([3])[0, 1] == 0  # the mean, ...
    assert data.raw([3])[0, 3] == 1  # ... and a mark
    assert any(note.startswith("2 missing cells") for note in data.facts.notes)
    assert np.array_equal(values, given, equal_nan=True)  # the caller's array is left alone


def test_constant_and_empty_columns_are_left_out_and_told() -> None:
    values = table(columns=4)
    values[:, 0], values[:, 1] = 0.1, np.nan
    data = read(values)
    assert [column.source for column in table_spec(data.spec).columns] == ["column 2", "column 3"]
    assert any("column 0" in note for note in data.facts.notes)
    assert any("column 1" in note for note in data.facts.notes)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_infinite_cells_are_missing_and_counted(value: float) -> None:
    values = table()
    values[7, 2] = value
    data = read(values)
    assert not data.batch([7]).values[0, 2].isfinite()
    assert np.isfinite(data.raw(np.arange(20))).all()
    assert any("infinite" in note and "column 2" in note for note in data.facts.notes)


def test_heavy_tails_are_brought_near_to_normal() -> None:
    values = np.exp(np.random.default_rng(0).normal(0, 2, (2000, 1))).repeat(2, axis=1)
    raw = read(values).raw(np.arange(2000))
    assert abs(float((raw[:, 0] ** 3).mean())) < 0.3
    assert np.corrcoef(np.argsort(np.argsort(values[:, 0])), np.argsort(np.argsort(raw[:, 0])))[0, 1] > 0.999


def test_too_few_or_identical_rows_are_refused() -> None:
    with pytest.raises(DataError, match=r"found 1 sample|nothing|constant"):
        read(table(1))
    with pytest.raises(DataError):
        read(np.ones((20, 3)))


def test_a_data_frame_gives_names_labels_and_groups() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table(), columns=["a", "b", "c"]).assign(kind=["x", "y"] * 10, site=np.arange(20) // 4)
    assert recognise(frame).kind == "table"
    data = read(frame, labels="kind", groups="site")
    assert [column.name for column in table_spec(data.spec).columns] == ["a", "b", "c"]
    assert data.facts.classes == ["x", "y"]
    assert data.facts.groups is not None
    assert len(set(data.facts.groups)) == 5
    turned = read(frame[["c", "a", "b"]], like=data.spec)
    assert torch.equal(turned.batch([0]).values, data.batch([0]).values)


def test_new_rows_are_read_as_the_old(tmp_path: Path) -> None:
    source = people(tmp_path / "people.csv")
    data = read(source)
    again = read(source, like=data.spec)
    assert torch.equal(again.batch(range(50)).values.nan_to_num(-7), data.batch(range(50)).values.nan_to_num(-7))
    lines = source.read_text().splitlines()
    strange = tmp_path / "strange.csv"
    strange.write_text("\n".join([lines[0], *(line.replace("Ulm", "Paris") for line in lines[1:])]) + "\n")
    other = read(strange, like=data.spec)
    assert any("never seen" in note and "town" in note for note in other.facts.notes)
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(line.replace("age", "years") for line in lines) + "\n")
    with pytest.raises(DataError, match="lacks 1 of them: age"):
        read(bare, like=data.spec)
    with pytest.raises(DataError, match="3 columns.*has 2"):
        read(table(5, 2), like=read(table()).spec)


def test_a_misspelt_column_is_named(tmp_path: Path) -> None:
    source = people(tmp_path / "people.csv")
    with pytest.raises(DataError, match="did you mean 'town'"):
        read(source, labels="towm")
    with pytest.raises(DataError, match="'agee'"):
        read(source, more={"leave_out": ["agee"]})


@pytest.mark.parametrize("content", ["", "a,b\n", "\x00\x01\x02binary"])
def test_files_that_hold_no_table_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "no.csv").write_text(content)
    with pytest.raises(DataError):
        read(tmp_path / "no.csv", kind="table")


def test_the_fingerprint_is_of_the_content() -> None:
    values = table()
    assert read(values).fingerprint == read(torch.from_numpy(values)).fingerprint
    assert read(values).fingerprint != read(values[::-1]).fingerprint
    assert read(values).fingerprint != read(values, labels=np.arange(20) % 2).fingerprint


def test_a_row_is_shown_as_a_picture() -> None:
    assert read(table()).picture(0, 48).size == (48, 48)
