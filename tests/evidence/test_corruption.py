"""Disturbed pictures stay pictures: same shape, type and range, same disturbance each time."""

import numpy as np
import pytest
import torch

from selflearn.data import read
from selflearn.evidence.corruption import CORRUPTIONS, Corrupted, fade, noise, occlude

DIGITS = read("digits")


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_a_disturbance_is_a_function_of_its_seed_and_keeps_type_range_and_labels(how):
    one, again, other = (Corrupted(DIGITS, how, seed) for seed in (1, 1, 2))
    rows = [5, 3, 700]
    clean, values = DIGITS.batch(rows), one.batch(rows).values
    assert values.dtype == clean.values.dtype
    assert values.shape == clean.values.shape
    assert torch.equal(values, again.batch(rows).values)
    assert not torch.equal(values, clean.values)
    assert torch.equal(one.batch(rows).labels, clean.labels)
    assert values.min() >= DIGITS.spec.low
    assert values.max() <= DIGITS.spec.high
    assert one.fingerprint != other.fingerprint
    assert np.allclose(one.raw(rows), values.flatten(1).float())


def test_strengths_are_as_they_say():
    pictures = torch.full((4, 1, 30, 30), 0.5)
    generator = torch.Generator().manual_seed(0)
    assert noise(pictures, generator).std().item() == pytest.approx(0.2, abs=0.01)
    assert (occlude(pictures, generator) == 0).float().mean().item() == pytest.approx(1 / 9, abs=1e-6)
    varied = torch.rand(4, 1, 30, 30, generator=generator)
    faded = fade(varied, generator)
    assert torch.allclose(faded.std((1, 2, 3)), varied.std((1, 2, 3)) / 3, atol=1e-6)
    assert torch.allclose(faded.mean((1, 2, 3)), varied.mean((1, 2, 3)), atol=1e-6)
