import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.evaluation import self_retrieval as module
from selflearn.evaluation.self_retrieval import self_retrieval

VALUES = np.random.default_rng(0).normal(size=(60, 8))


def test_equal_views_are_found_and_collapse_is_chance():
    assert self_retrieval(VALUES, 3 * VALUES).tolist() == [1.0] * 60
    assert self_retrieval(np.ones((60, 4)), np.ones((60, 4))) == pytest.approx(1 / 60)
    assert self_retrieval(VALUES, np.roll(VALUES, 1, axis=0)).sum() == 0


def test_two_equal_samples_share_one_find():
    twins = np.concatenate([VALUES, VALUES])
    assert self_retrieval(twins, twins) == pytest.approx(0.5)


def test_chunks_rotation_and_scale_change_nothing(monkeypatch):
    other = VALUES + np.random.default_rng(1).normal(size=VALUES.shape)
    found = self_retrieval(VALUES, other)
    assert 0 < found.mean() < 1
    monkeypatch.setattr(module, "CHUNK", 7)
    turn = ortho_group.rvs(8, random_state=0)
    np.testing.assert_allclose(self_retrieval(5 * VALUES @ turn, other @ turn), found)


def test_views_of_different_samples_are_refused():
    with pytest.raises(DataError, match="same samples"):
        self_retrieval(VALUES, VALUES[1:])
