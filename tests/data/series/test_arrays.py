"""Series from arrays and NumPy files: what an axis is, parts, offsets, recordings with labels, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from selflearn.data import read, recognise
from selflearn.data.series import Series, SeriesSpec
from selflearn.errors import DataError

RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(12, 3, 40)).cumsum(2).astype(np.float32)


def series(source: object, **options: object) -> Series:
    found = read(source, kind="series", cache=False, **options)
    assert isinstance(found, Series)
    return found


def spec_of(data: Series) -> SeriesSpec:
    return data.spec


def test_samples_channels_steps_come_back_as_they_are() -> None:
    data = series(STACK)
    assert (len(data), len(data.spec.channels), data.spec.length, data.spec.varies) == (12, 3, 40, False)
    assert np.array_equal(data.batch([3, 1]).values.numpy(), STACK[[3, 1]])
    assert data.spec.mean == pytest.approx(STACK.mean((0, 2)), rel=1e-4, abs=1e-5)
    assert data.spec.std == pytest.approx(STACK.std((0, 2)), rel=1e-4)
    assert recognise(STACK).kind == "series"


@pytest.mark.parametrize("change", [lambda each: each, torch.from_numpy, lambda each: each.astype(np.float64)])
def test_every_library_and_type_gives_the_same_batch(change) -> None:
    assert torch.equal(series(change(STACK)).batch([5]).values, torch.from_numpy(STACK[[5]]))


def test_rows_are_series_of_one_channel_and_a_recording_is_cut() -> None:
    assert series(STACK[:, 0]).batch([0]).values.shape == (1, 1, 40)
    long = RNG.normal(size=(600, 2)).astype(np.float32)
    data = series(long, more={"form": "recording", "window": 50, "stride": 25})
    assert (len(data), data.spec.length, data.spec.windowed) == (23, 50, True)
    assert np.array_equal(data.batch([2]).values[0].numpy(), long[50:100].T)
    assert data.facts.ids[2] == "recording @ 50"


def test_windows_that_touch_are_never_divided_one_by_one() -> None:
    data = series(RNG.normal(size=(2000,)), more={"window": 20})
    groups = data.facts.groups
    assert groups is not None
    assert len(np.unique(groups)) == 10
    assert (np.diff(groups) >= 0).all()


def test_lists_of_any_length_are_padded_and_masked() -> None:
    pieces = [RNG.normal(size=(2, length)).astype(np.float32) for length in (30, 12, 45, 20, 31, 33, 18, 50)]
    data = series(pieces)
    batch = data.batch([1, 2])
    assert data.spec.varies
    assert batch.lengths is not None
    assert batch.mask is not None
    assert batch.lengths.tolist() == [12, 45]
    assert batch.mask.sum(1).tolist() == [12, 45]
    assert np.array_equal(batch.values[0, :, :12].numpy(), pieces[1])
    assert batch.values[0, :, 12:] == pytest.approx(
        torch.tensor(data.spec.mean)[:, None].expand(2, batch.values.shape[2] - 12), abs=1e-6
    )


def test_training_and_test_parts_are_read_together_or_alone(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    labels = np.arange(12) % 2
    np.savez(path, train_x=STACK, train_labels=labels, test_x=STACK[:9] + 1, test_labels=labels[:9], class_names=["up", "down"])
    both = series(path)
    assert len(both) == 21
    assert both.facts.classes == ["up", "down"]
    assert both.facts.ids[12] == "test 0"
    test = series(path, more={"part": "test"}, like=spec_of(series(path, more={"part": "train"})))
    assert np.array_equal(test.labels, labels[:9])
    assert np.array_equal(test.batch([0]).values[0].numpy(), STACK[0] + 1)


def test_recordings_end_to_end_with_offsets_and_joints(tmp_path: Path) -> None:
    path = tmp_path / "skeletons.npz"
    offsets = np.arange(0, 181, 15)
    joints = RNG.normal(size=(180, 5, 3)).astype(np.float32)
    np.savez(path, joints=joints, offsets=offsets, labels=np.arange(12) % 3, subject=np.arange(12) // 4)
    data = series(path)
    assert (len(data), data.spec.joints, len(data.spec.channels)) == (12, 5, 15)
    assert np.array_equal(data.batch([2]).values[0].numpy(), joints[30:45].reshape(15, 15).T)
    assert data.facts.groups is not None
    assert data.facts.groups.tolist() == (np.arange(12) // 4).tolist()


def test_devices_are_known_once_told_and_to_those_read_like_them() -> None:
    both = np.concatenate([STACK, STACK], axis=1)
    data = series(both, more={"devices": 2})
    assert data.spec.devices == 2
    assert "6 channels of 2 devices" in data.spec.describe()
    assert series(both[:4], like=data.spec).spec.devices == 2
    assert series(both).spec.devices == 0


def test_a_recording_with_labels_and_subjects_for_each_step(tmp_path: Path) -> None:
    path = tmp_path / "walk.npz"
    steps = 1200
    np.savez(
        path, x=RNG.normal(size=(steps, 3)), labels=(np.arange(steps) // 100) % 2, subject=np.arange(steps) // 450, sample_rate=50
    )
    data = series(path, more={"window": 40})
    assert data.spec.rate == 50
    assert data.facts.groups is not None
    # Subjects change at 450 and 900: no window reaches across, so each begins anew there.
    assert {"recording @ 450", "recording @ 900"} <= set(data.facts.ids)
    assert [data.facts.groups.tolist().count(group) for group in range(3)] == [11, 11, 7]
    assert any("more than one label" in note for note in data.facts.notes)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (np.zeros((4, 2, 3, 5)), "channels, steps"),
        (np.zeros((0, 3, 10)), "shape"),
        (np.array([["a", "b"]]), "numbers"),
        (STACK[:, :, :1], "single step"),
        (STACK[:3, :, :10], "found 3 samples"),
        (np.ones((20, 2, 30)), "identical"),
        (np.full((20, 1, 30), np.nan), "no channel has a finite value"),
        ([], "empty"),
        ([STACK[0], STACK[0, :2]], "2 channels, where others have 3"),
        ([STACK[0], "words"], "entry 1"),
    ],
)
def test_what_is_no_series_is_refused_in_one_sentence(source: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        series(source)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"windo": 10}, "did you mean 'window'"),
        ({"window": 1}, "window"),
        ({"form": "diary"}, "form"),
        ({"window": 41}, "41"),
        ({"joints": 2}, "2 joints"),
        ({"devices": 2}, "2 devices"),
        ({"form": "recording"}, "steps, channels"),
    ],
)
def test_reading_options_that_cannot_be_are_named(more: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        series(STACK, more=more)


def test_damaged_archives_and_pickles_are_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.npz"
    np.savez(whole, x=STACK)
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-200])
    np.savez(tmp_path / "objects.npz", x=np.array([{"a": 1}] * 9, dtype=object))
    np.savez(tmp_path / "crooked.npz", x=STACK[0].T, offsets=np.array([0, 30, 20, 40]))
    for name, said in (("cut", "cannot be read"), ("objects", "cannot be read"), ("crooked", "must rise")):
        with pytest.raises(DataError, match=said):
            series(tmp_path / f"{name}.npz")
