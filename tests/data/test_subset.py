from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data import read, subset
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
