from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from selflearn.data import KINDS, ReadOptions, read, recognise, spec_from_json, spec_to_json
from selflearn.errors import DataError


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("digits", "image"),
        (np.zeros((9, 8, 8), dtype=np.uint8), "image"),
        (np.zeros((9, 3, 16, 16), dtype=np.float32), "image"),
        (torch.zeros(9, 16, 16, 3), "image"),
        (np.zeros((9, 4)), "table"),
        (torch.zeros(9, 4), "table"),
    ],
)
def test_what_is_what(source: object, kind: str) -> None:
    found = recognise(source)
    assert found.kind == kind
    assert 0 < found.certainty <= 1
    assert found.why


@pytest.mark.parametrize(
    "source", [np.zeros(9), np.zeros((2, 2, 2, 2, 2)), ["no", "pictures"], object(), np.array([["a"]]), [], {}]
)
def test_what_no_kind_knows_is_refused(source: object) -> None:
    with pytest.raises(DataError, match="Known kinds of data: image, "):
        recognise(source)


def test_folders_without_data_say_what_was_looked_at(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        recognise(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "more.txt").write_text("nothing to see")
    with pytest.raises(DataError, match=r"2 files: 2 \.txt"):
        read(tmp_path)
    with pytest.raises(DataError, match="no file or folder"):
        read(tmp_path / "missing")


def test_the_example_has_labels_and_its_own_range() -> None:
    digits = read("digits")
    assert len(digits) == 1797
    assert len(digits.facts.classes) == 10
    assert digits.raw([0, 5]).shape == (2, 64)
    assert 0 <= digits.raw(np.arange(1797)).min() < digits.raw(np.arange(1797)).max() == 1


def test_specs_travel_as_json() -> None:
    for source in ("digits", np.random.default_rng(0).normal(size=(10, 2))):
        spec = read(source).spec
        assert spec_to_json(spec)["kind"] in KINDS
        assert spec_from_json(spec_to_json(spec)) == spec
    with pytest.raises(DataError, match="did you mean 'image'"):
        spec_from_json({"kind": "imige"})
    with pytest.raises(DataError, match="damaged"):
        spec_from_json({"kind": "image", "channels": "many"})


def test_options_are_checked() -> None:
    with pytest.raises(DataError, match="did you mean 'labels'"):
        read("digits", label=[1])
    with pytest.raises(DataError, match="did you mean 'image'"):
        read("digits", kind="imag")
    with pytest.raises(DataError, match="at least 1"):
        read("digits", size=0)
    assert len(read("digits", ReadOptions(kind="image"), labels=[0] * 1797).facts.classes) == 1


def test_too_few_samples_are_refused_for_learning_and_enough_for_embedding() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 16, 16), dtype=np.uint8)
    with pytest.raises(DataError, match="found 7 samples; learning needs at least 8"):
        read(pixels)
    with pytest.raises(DataError, match="found 1 sample;"):
        read(pixels[:1])
    spec = read(np.concatenate([pixels, pixels])).spec
    assert len(read(pixels[:1], like=spec)) == 1


def test_identical_samples_are_refused() -> None:
    same = np.ones((3000, 16, 16), dtype=np.uint8)
    with pytest.raises(DataError, match="all 3000 samples are identical"):
        read(same)
    same[2999, 0, 0] = 2
    assert len(read(same)) == 3000
