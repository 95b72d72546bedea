from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data import knowing, read, subset
from selflearn.errors import DataError


def test_a_subset_is_the_chosen_samples_with_positions_of_its_own() -> None:
    digits = read("digits")
    part = subset(digits, [7, 3, 1000])
    assert len(part) == 3
    batch = part.batch([2, 0])
    assert torch.equal(batch.values, digits.batch([1000, 7]).values)
    assert batch.index.tolist() == [2, 0]
    assert batch.labels.tolist() == digits.labels[[1000, 7]].tolist()
    assert part.facts.ids == ["digit 7", "digit 3", "digit 1000"]
    assert part.facts.classes == digits.facts.classes
    assert np.array_equal(part.raw([1]), digits.raw([3]))
    assert part.picture(1).tobytes() == digits.picture(3).tobytes()


def test_a_subset_of_a_subset_is_a_subset() -> None:
    digits = read("digits")
    nested, direct = subset(subset(digits, [5, 6, 7, 8]), [1, 3]), subset(digits, [6, 8])
    assert torch.equal(nested.batch([0, 1]).values, direct.batch([0, 1]).values)
    assert nested.fingerprint == direct.fingerprint != digits.fingerprint


def test_a_mask_chooses_too() -> None:
    digits = read("digits")
    ones = subset(digits, digits.labels == 1)
    assert set(ones.labels) == {1}
    with pytest.raises(DataError, match="mask"):
        subset(digits, np.ones(3, dtype=bool))


def test_positions_outside_are_refused() -> None:
    with pytest.raises(DataError, match="0 to 1796"):
        subset(read("digits"), [1797])


def test_labels_that_are_held_back_are_in_no_batch() -> None:
    digits = subset(read("digits"), np.arange(100, 200))
    few = knowing(digits, [3, 50])
    assert len(few) == 100 and np.flatnonzero(few.labels >= 0).tolist() == [3, 50]
    batch = few.batch([2, 3, 50])
    assert batch.labels.tolist() == [-1, digits.labels[3], digits.labels[50]]
    assert torch.equal(batch.values, digits.batch([2, 3, 50]).values)
    assert few.facts.classes == digits.facts.classes
    assert len({few.fingerprint, digits.fingerprint, knowing(digits, [3, 51]).fingerprint}) == 3
    part = subset(few, [50, 51])
    assert part.labels.tolist() == part.batch([0, 1]).labels.tolist() == [digits.labels[50], -1]
    assert (digits.labels >= 0).all(), "the dataset itself stays as it was"
