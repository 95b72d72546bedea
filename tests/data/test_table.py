from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data import Spec, read, recognise, spec_from_json, spec_to_json
from selflearn.data.table import TableSpec
from selflearn.errors import DataError


def table(rows: int = 20, columns: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 2, (rows, columns))


def table_spec(spec: Spec) -> TableSpec:
    assert isinstance(spec, TableSpec)
    return spec


def test_an_array_is_a_table_with_means_and_deviations() -> None:
    values = table()
    data = read(values)
    spec = table_spec(data.spec)
    assert spec.mean == pytest.approx(values.mean(axis=0), rel=1e-6)
    assert spec.std == pytest.approx(values.std(axis=0), rel=1e-6)
    assert torch.equal(data.batch([4, 2]).values, torch.from_numpy(values[[4, 2]].astype(np.float32)))
    assert np.abs(data.raw(np.arange(20)).mean(axis=0)).max() < 1e-5
    assert spec_from_json(spec_to_json(spec)) == spec


def test_missing_values_become_the_mean_and_are_counted() -> None:
    values = table()
    values[3, 1] = values[5, 1] = np.nan
    given = values.copy()
    data = read(values)
    assert data.batch([3]).values[0, 1].item() == pytest.approx(np.nanmean(values[:, 1]), rel=1e-6)
    assert table_spec(data.spec).std[1] == pytest.approx(np.nanstd(values[:, 1]), rel=1e-6)
    assert any("2 missing values in 1 columns" in note for note in data.facts.notes)
    assert np.array_equal(values, given, equal_nan=True)  # the caller's array is left alone


def test_constant_and_empty_columns_are_harmless() -> None:
    values = table()
    values[:, 0], values[:, 1] = 0.1, np.nan
    data = read(values)
    assert table_spec(data.spec).std[:2] == (1.0, 1.0)
    assert np.isfinite(data.raw(np.arange(20))).all()
    assert any("column 1" in note for note in data.facts.notes)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_infinite_values_are_refused(value: float) -> None:
    values = table()
    values[7, 2] = value
    with pytest.raises(DataError, match="row 7 of column 'column 2'"):
        read(values)


def test_too_few_or_identical_rows_are_refused() -> None:
    with pytest.raises(DataError, match="found 1 sample;"):
        read(table(1))
    with pytest.raises(DataError, match="identical"):
        read(np.ones((20, 3)))


def test_a_data_frame_gives_names_labels_and_groups() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table(), columns=["a", "b", "c"]).assign(kind=["x", "y"] * 10, site=np.arange(20) // 4, text="words")
    assert recognise(frame).kind == "table"
    data = read(frame, labels="kind", groups="site")
    assert table_spec(data.spec).columns == ("a", "b", "c")
    assert data.facts.classes == ["x", "y"]
    assert data.facts.groups is not None
    assert len(set(data.facts.groups)) == 5
    assert any("text" in note for note in data.facts.notes)
    turned = read(frame[["c", "text", "a", "b"]], like=data.spec)
    assert torch.equal(turned.batch([0]).values, data.batch([0]).values)


def test_new_data_is_read_as_the_old() -> None:
    data = read(table())
    gap = np.full((1, 3), np.nan)
    assert read(gap, like=data.spec).batch([0]).values[0].tolist() == pytest.approx(table_spec(data.spec).mean, rel=1e-6)
    with pytest.raises(DataError, match="3 columns.*has 2"):
        read(table(5, 2), like=data.spec)


def test_the_fingerprint_is_of_the_content() -> None:
    values = table()
    assert read(values).fingerprint == read(torch.from_numpy(values)).fingerprint
    assert read(values).fingerprint != read(values[::-1]).fingerprint
    assert read(values).fingerprint != read(values, labels=np.arange(20) % 2).fingerprint


def test_a_row_is_shown_as_a_picture() -> None:
    assert read(table()).picture(0, 48).size == (48, 48)
