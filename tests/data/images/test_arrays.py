from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data import Dataset, read
from selflearn.data.images import ImageSpec
from selflearn.data.images.arrays import channels_first
from selflearn.errors import DataError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (10, 3, 16, 12), dtype=np.uint8)


def spec_of(data: Dataset) -> ImageSpec:
    assert isinstance(data.spec, ImageSpec)
    return data.spec


@pytest.mark.parametrize(
    ("shape", "channels"),
    [
        ((9, 8, 8), 1), ((9, 3, 8, 8), 3), ((9, 8, 8, 3), 3), ((9, 1, 8, 8), 1), ((9, 8, 8, 4), 4),
        ((9, 13, 64, 64), 13), ((9, 64, 64, 13), 13), ((9, 5, 40, 30), 5), ((9, 40, 30, 5), 5),
    ],
)  # fmt: skip
def test_the_channel_axis_is_found(shape: tuple[int, ...], channels: int) -> None:
    assert channels_first(np.zeros(shape))[0].shape[1] == channels


def test_an_axis_that_could_be_another_is_told_or_refused() -> None:
    assert channels_first(np.zeros((9, 3, 8, 8)))[1] is None
    values, note = channels_first(np.zeros((9, 3, 8, 4)))
    assert values.shape[1] == 3
    assert note is not None
    assert "the second is taken" in note
    with pytest.raises(DataError, match="second or the last"):
        channels_first(np.zeros((9, 8, 8, 8)))


def test_every_order_and_library_gives_the_same_batch_without_a_copy() -> None:
    first, last, tensor = read(COLOUR), read(COLOUR.transpose(0, 2, 3, 1)), read(torch.from_numpy(COLOUR))
    for data in (first, last, tensor):
        assert torch.equal(data.batch([4, 1]).values, torch.from_numpy(COLOUR[[4, 1]]))
        assert data.fingerprint == first.fingerprint
        assert spec_of(data) == spec_of(first)
    assert spec_of(first).colour
    assert np.shares_memory(first.values, COLOUR)  # type: ignore[attr-defined]
    first.batch([0]).values.zero_()
    assert COLOUR[0].any()


@pytest.mark.parametrize(
    ("values", "dtype", "low", "high"),
    [
        (COLOUR, "uint8", 0, 255),
        (COLOUR.astype(np.int64), "uint8", 0, 255),
        (COLOUR.astype(np.int32) * 100, "uint16", None, None),
        (COLOUR > 100, "uint8", 0, 1),
        (COLOUR // 16, "uint8", 0, 15),
        (COLOUR / 255, "float32", 0, 1),
        (COLOUR / 127.5 - 1, "float32", -1, 1),
        (COLOUR.astype(np.float64), "float32", 0, 255),
        (COLOUR.astype(np.int32) - 100, "float32", None, None),
        (RNG.normal(size=(10, 3, 16, 12)).astype(np.float16), "float32", None, None),
    ],
)
def test_types_and_ranges(values: np.ndarray, dtype: str, low: float | None, high: float | None) -> None:
    data = read(values)
    spec = spec_of(data)
    assert spec.dtype == dtype == str(data.batch([0]).values.dtype).removeprefix("torch.")
    if low is not None:
        assert (spec.low, spec.high) == (low, high)
    unit = (values.astype(np.float64) - spec.low) / (spec.high - spec.low)
    assert spec.mean == pytest.approx(unit.mean(axis=(0, 2, 3)), abs=1e-5)
    assert spec.std == pytest.approx(unit.std(axis=(0, 2, 3)), abs=1e-5)
    assert data.raw([3]) == pytest.approx(unit[3:4].reshape(1, -1), abs=1e-5)


def test_a_constant_channel_has_deviation_one() -> None:
    values = COLOUR.copy()
    values[:, 1] = 7
    assert spec_of(read(values)).std[1] == 1


def test_large_pictures_are_averaged_for_the_baselines() -> None:
    values = RNG.random((8, 1, 64, 64)).astype(np.float32)
    expected = values.reshape(8, 32, 2, 32, 2).mean(axis=(2, 4)).reshape(8, -1)
    assert read(values).raw(np.arange(8)) == pytest.approx(expected, abs=1e-5)


def test_pictures_with_nan_are_left_out_and_counted() -> None:
    values = (COLOUR / 255).astype(np.float32)
    values[2, 0, 0, 0], values[5, 1, 3, 3] = np.nan, np.inf
    data = read(values, labels=np.arange(10) // 2)
    assert data.facts.ids == ["0", "1", "3", "4", "6", "7", "8", "9"]
    assert data.labels.tolist() == [0, 0, 1, 2, 3, 3, 4, 4]
    assert [item.what for item in data.facts.skipped] == ["2", "5"]
    assert torch.equal(data.batch([2]).values, torch.from_numpy(values[[3]]))
    with pytest.raises(DataError, match="each of the 10"):
        read(np.full((10, 8, 8), np.nan))


def test_labels_and_groups_must_fit() -> None:
    data = read(COLOUR, labels=["a", "b"] * 5, groups=np.arange(10) // 5)
    assert data.facts.classes == ["a", "b"]
    assert data.facts.groups is not None
    with pytest.raises(DataError, match="9 labels were given for 10 samples"):
        read(COLOUR, labels=[0] * 9)


def test_other_arrays_are_read_as_an_encoder_needs_them() -> None:
    spec = spec_of(read(COLOUR))
    grey = read(COLOUR[:2, 0], like=spec)
    assert grey.batch([0]).values.shape == (1, 3, 16, 12)
    assert (spec_of(grey).mean, spec_of(grey).low, spec_of(grey).high) == (spec.mean, spec.low, spec.high)
    for wrong, words in [
        (COLOUR[:, :2], "3 channels, and these have 2"),
        (COLOUR / 255, "convert"),
        (COLOUR.astype(np.uint16) * 257, "convert"),
    ]:
        with pytest.raises(DataError, match=words):
            read(wrong, like=spec, kind="image")
    with pytest.raises(DataError, match="convert"):
        read(COLOUR, like=spec_of(read(COLOUR / 255)))


def test_deep_and_many_channel_pictures_are_stretched_to_be_seen() -> None:
    deep = (RNG.random((8, 16, 16)) * 500 + 1000).astype(np.uint16)
    shown = np.asarray(read(deep).picture(0, 16))
    assert shown.shape == (16, 16, 3)
    assert shown.min() == 0
    assert shown.max() == 255
    assert read(RNG.random((8, 7, 16, 16))).picture(0, 32).size == (32, 32)
    assert np.array_equal(np.asarray(read(COLOUR).picture(0, 16)), COLOUR[0].transpose(1, 2, 0))


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9)), np.zeros((9, 8, 8), dtype=object), np.zeros((0, 8, 8)), np.zeros((9, 8, 8), dtype=complex)]
)
def test_arrays_that_are_no_pictures_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="pictures are arrays of numbers"):
        read(wrong, kind="image")


def test_large_pictures_are_reduced_as_files_are_and_it_is_said():
    pictures = np.zeros((10, 100, 256), dtype=np.uint8)
    pictures[:, :, 128:] = 200
    pictures[:5] += 10
    default, small, whole = (read(pictures, size=size) for size in (None, 32, 512))
    assert (whole.spec.height, whole.spec.width) == (100, 256)
    assert (default.spec.height, default.spec.width) == (80, 205)
    assert (small.spec.height, small.spec.width) == (20, 51)
    assert any("reduced to 51 x 20" in note for note in small.facts.notes)
    values = small.batch([0]).values[0, 0]
    assert (values[:, 0] == 10).all() and (values[:, -1] == 210).all()
