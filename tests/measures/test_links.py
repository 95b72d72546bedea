"""Links told by likeness."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.measures.links import link_auc


def test_two_groups_tell_their_own_links_and_noise_tells_none():
    group = np.repeat([[1.0, 0.0], [-1.0, 0.0]], 20, axis=0)
    joined, apart = np.array([[0, 1, 30], [5, 6, 39]]), np.array([[0, 1, 30], [25, 26, 9]])
    assert link_auc(group, joined, apart) == 1.0
    assert link_auc(group, apart, joined) == 0.0
    noise = np.random.default_rng(0).normal(size=(400, 8))
    pairs = np.random.default_rng(1).integers(0, 400, (2, 4000))
    assert link_auc(noise, pairs[:, :2000], pairs[:, 2000:]) == pytest.approx(0.5, abs=0.05)


def test_places_scale_and_sides_do_not_matter():
    vectors = np.random.default_rng(0).normal(size=(50, 6))
    pairs = np.random.default_rng(1).integers(0, 50, (2, 40))
    known = link_auc(vectors, pairs[:, :20], pairs[:, 20:])
    assert link_auc(5 * vectors + 3, pairs[::-1, :20], pairs[:, 20:]) == pytest.approx(known)


def test_pairs_that_are_not_there_are_refused():
    with pytest.raises(DataError, match="0 to 3"):
        link_auc(np.eye(4), np.array([[0], [4]]), np.array([[1], [2]]))
    with pytest.raises(DataError, match="not"):
        link_auc(np.eye(4), np.array([[0], [1]]), np.zeros((2, 0), dtype=int))
