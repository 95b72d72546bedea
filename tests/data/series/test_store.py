"""A dataset of series: its spec travels, its description tells amplitude and shape, its picture and words can be read."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from selflearn.data import read, spec_from_json, spec_to_json
from selflearn.data.batch import Batch
from selflearn.data.series import Series, SeriesSpec
from selflearn.data.series.statistics import STATISTICS, at_places, describe

RNG = np.random.default_rng(3)
STACK = (5 + 2 * RNG.normal(size=(12, 2, 50))).astype(np.float32)


def series(source: object, **options: object) -> Series:
    found = read(source, kind="series", cache=False, **options)
    assert isinstance(found, Series)
    return found


def test_a_spec_survives_json_and_refuses_what_does_not_agree() -> None:
    spec = series(STACK).spec
    assert spec_from_json(spec_to_json(spec)) == spec
    with pytest.raises(ValidationError, match="one deviation above 0"):
        SeriesSpec(channels=("a",), length=5, mean=(0.0,), std=(0.0,))
    with pytest.raises(ValidationError, match="joints"):
        SeriesSpec(channels=("a",), length=5, mean=(0.0,), std=(1.0,), joints=2)


def test_the_description_is_nine_statistics_a_channel_then_values() -> None:
    data = series(STACK)
    told = data.raw([4])[0]
    scaled = (STACK[4] - np.array(data.spec.mean)[:, None]) / np.array(data.spec.std)[:, None]
    for channel in range(2):
        mean, spread, least, most, *quartiles, step, jump = told[channel * STATISTICS : (channel + 1) * STATISTICS]
        row = scaled[channel]
        assert [mean, spread, least, most] == pytest.approx([row.mean(), row.std(), row.min(), row.max()], abs=1e-4)
        assert quartiles == pytest.approx(np.quantile(row, [0.25, 0.5, 0.75]), abs=1e-4)
        assert [step, jump] == pytest.approx([np.abs(np.diff(row)).mean(), np.diff(row).std()], abs=1e-4)
    assert told[2 * STATISTICS :] == pytest.approx(scaled.flatten(), abs=1e-4)


def test_padding_has_no_part_in_the_description() -> None:
    values = torch.randn(1, 2, 20, generator=torch.Generator().manual_seed(0))
    padded = torch.cat([values, torch.full((1, 2, 9), 99.0)], dim=2)
    assert torch.allclose(describe(values, None, 20), describe(padded, torch.tensor([20]), 20), atol=1e-5)


def test_a_series_is_read_between_its_steps() -> None:
    line = torch.arange(10.0)[None, None]
    places = torch.tensor([[0.0, 2.5, 8.75, 9.0]])
    assert at_places(line, places)[0, 0].tolist() == [0.0, 2.5, 8.75, 9.0]


def test_windows_that_overlap_share_their_memory_and_order_makes_the_fingerprint() -> None:
    long = RNG.normal(size=(400, 1)).astype(np.float32)
    data = series(long, more={"form": "recording", "window": 100, "stride": 10})
    assert data.values.nbytes == long.nbytes
    assert len(data) == 31
    assert series(STACK).fingerprint == series(STACK.copy()).fingerprint != series(STACK[::-1]).fingerprint


def test_batches_know_where_they_come_from() -> None:
    batch: Batch = series(STACK, labels=np.arange(12) % 3).batch([7, 2])
    assert batch.index.tolist() == [7, 2]
    assert batch.labels.tolist() == [1, 2]
    assert batch.mask is None


def test_a_person_sees_curves_and_reads_ranges() -> None:
    data = series(STACK)
    picture = data.picture(0, 64)
    assert picture.size == (64, 64)
    assert len(set(picture.getdata())) > 2
    assert data.words(0).startswith("50 steps: channel 0 ")
    many = series(RNG.normal(size=(9, 20, 30)))
    assert many.picture(0, 64).size == (64, 64)
