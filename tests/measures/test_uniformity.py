import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.measures import uniformity as module
from selflearn.measures.uniformity import uniformity

VALUES = np.random.default_rng(0).normal(size=(200, 6))


def test_collapse_and_axes():
    assert uniformity(np.ones((10, 3))) == pytest.approx(0, abs=1e-9)
    assert uniformity(np.eye(8)) == pytest.approx(-4)
    assert uniformity([[1.0, 0.0], [-1.0, 0.0]]) == pytest.approx(-8)


def test_it_is_the_definition_over_all_pairs_in_chunks(monkeypatch):
    unit = VALUES / np.linalg.norm(VALUES, axis=1, keepdims=True)
    squared = ((unit[:, None] - unit[None]) ** 2).sum(-1)[np.triu_indices(200, 1)]
    monkeypatch.setattr(module, "CHUNK_VALUES", 1500)
    assert uniformity(VALUES) == pytest.approx(np.log(np.exp(-2 * squared).mean()), rel=1e-9)


def test_rotation_and_scale_change_nothing():
    turn, scale = ortho_group.rvs(6, random_state=0), np.random.default_rng(2).uniform(0.1, 9, (200, 1))
    assert uniformity(VALUES @ turn * scale) == pytest.approx(uniformity(VALUES))


def test_one_sample_makes_no_pair():
    with pytest.raises(DataError, match="two samples"):
        uniformity(np.ones((1, 3)))
