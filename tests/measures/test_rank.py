import numpy as np
import pytest
import torch
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.measures.rank import rankme


def with_singular_values(values, n=40, dim=12, seed=0):
    left, right = ortho_group.rvs(n, random_state=seed), ortho_group.rvs(dim, random_state=seed + 1)
    return left[:, : len(values)] @ np.diag(values) @ right[: len(values)]


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_equal_singular_values_count_themselves(rank):
    assert rankme(with_singular_values([2.0] * rank)) == pytest.approx(rank, rel=1e-4)


def test_it_is_the_published_formula():
    sigma = np.array([5.0, 2.0, 1.0, 0.5])
    p = np.concatenate([sigma / sigma.sum(), np.zeros(8)]) + 1e-7
    assert rankme(with_singular_values(sigma)) == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-6)


def test_collapse_is_one_dimension():
    assert rankme(np.ones((30, 8))) == pytest.approx(1, abs=1e-3)


def test_rotation_and_scale_change_nothing_and_wide_equals_tall():
    values = np.random.default_rng(0).normal(size=(50, 7)) * np.arange(1, 8)
    turned = 1000 * values @ ortho_group.rvs(7, random_state=3)
    assert rankme(turned) == pytest.approx(rankme(values), rel=1e-6)
    assert rankme(values.T) == pytest.approx(rankme(values), rel=1e-4)


def test_chunks_agree_with_a_singular_value_decomposition():
    values = np.random.default_rng(0).normal(size=(20_000, 6)).astype(np.float32) + 2
    p = np.linalg.svd(values, compute_uv=False)
    p = p / p.sum()
    assert rankme(torch.from_numpy(values)) == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-4)


@pytest.mark.parametrize("broken", [np.zeros((0, 3)), np.zeros(3), np.full((3, 3), np.nan)])
def test_refuses_what_is_not_a_matrix_of_numbers(broken):
    with pytest.raises(DataError):
        rankme(broken)
