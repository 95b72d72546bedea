import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.measures.alignment import alignment

VALUES = np.random.default_rng(0).normal(size=(200, 6))


def test_equal_opposite_and_orthogonal_views():
    assert alignment(VALUES, 7 * VALUES) == pytest.approx(0, abs=1e-12)
    assert alignment(VALUES, -VALUES) == pytest.approx(4)
    assert alignment(np.eye(4), np.roll(np.eye(4), 1, axis=0)) == pytest.approx(2)
    assert alignment(np.eye(4), np.roll(np.eye(4), 1, axis=0), power=1) == pytest.approx(np.sqrt(2))


def test_rotation_and_scale_change_nothing():
    other = VALUES + np.random.default_rng(1).normal(size=VALUES.shape)
    turn, scale = ortho_group.rvs(6, random_state=0), np.random.default_rng(2).uniform(0.1, 9, (200, 1))
    assert alignment(VALUES @ turn * scale, other @ turn) == pytest.approx(alignment(VALUES, other))


def test_views_must_be_of_the_same_samples():
    with pytest.raises(DataError, match="same samples"):
        alignment(VALUES, VALUES[:-1])
