"""Scales of numbers: standardised where that will do, brought near to normal where tails are heavy, rising always."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.data.tables import Column, TableSpec
from selflearn.data.tables.scales import FARTHEST, Scale, fit_scale


def scaled(values: np.ndarray) -> np.ndarray:
    knots, levels = fit_scale(values)
    spec = TableSpec(columns=(Column(name="a", source="a", knots=knots, levels=levels),), order=("a",))
    return Scale(spec)(torch.from_numpy(values.astype(np.float32))[:, None]).numpy()[:, 0]


@pytest.mark.parametrize("power", [1.0, 3.0])
def test_mean_zero_and_deviation_one(power: float) -> None:
    values = np.exp(power * np.random.default_rng(0).normal(size=4000)) + 5
    found = scaled(values)
    assert found.mean() == pytest.approx(0, abs=1e-3)
    assert found.std() == pytest.approx(1, abs=1e-3)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=8, max_size=60).filter(lambda cells: np.std(cells) > 1e-2))
@settings(max_examples=60, deadline=None)
def test_what_is_larger_stays_no_smaller(cells: list[float]) -> None:
    values = np.sort(np.array(cells))
    assert (np.diff(scaled(values)) >= -1e-4).all()
    assert np.abs(scaled(values)).max() <= FARTHEST


def test_missing_stays_missing_and_a_mistyped_cell_is_held() -> None:
    spec = TableSpec.of_numbers(("a",), (0.0,), (1.0,))
    cells = torch.tensor([[float("nan")], [float("inf")], [1e9], [0.5]])
    found = Scale(spec)(cells)[:, 0]
    assert found[:2].isnan().all()
    assert found[2:].tolist() == [FARTHEST, 0.5]
