import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.measures.deviation import relative_deviation

VALUES = np.random.default_rng(0).normal(size=(200, 6))


def test_it_runs_from_collapse_to_even_spread():
    assert relative_deviation(np.outer(np.arange(1, 9), [1.0, 2.0])) == pytest.approx(0, abs=1e-6)
    assert relative_deviation(np.concatenate([np.eye(5), -np.eye(5)])) == pytest.approx(1)
    assert 0.9 < relative_deviation(VALUES) <= 1
    assert relative_deviation(VALUES + 10) < 0.3


def test_rotation_and_scale_change_nothing():
    turn, scale = ortho_group.rvs(6, random_state=0), np.random.default_rng(2).uniform(0.1, 9, (200, 1))
    assert relative_deviation(VALUES @ turn * scale) == pytest.approx(relative_deviation(VALUES))
