"""Whitening: what is white has covariance one, an affine map only turns it, and agreement of white views has a floor."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import whiten, whitened_mse


def rows(count=40, dim=5, seed=0, dtype=torch.float64):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_white_has_mean_zero_and_covariance_one(dtype):
    mixed = rows(dtype=dtype) @ torch.diag(torch.tensor([0.5, 1, 2, 3, 4], dtype=dtype)) @ rows(5, dtype=dtype) + 3
    white = whiten(mixed)
    assert torch.allclose(white.mean(0), torch.zeros(5, dtype=dtype), atol=1e-4)
    assert torch.allclose(torch.cov(white.T), torch.eye(5, dtype=dtype), atol=1e-2 if dtype == torch.float32 else 1e-9)


def test_an_affine_map_turns_it_and_does_nothing_else():
    first = rows()
    second = first @ rows(5, seed=1) + 7
    one, other = whiten(first), whiten(second)
    assert torch.allclose(one @ one.T, other @ other.T, atol=1e-3)


def test_shrinkage_to_the_identity_only_centres():
    first = rows()
    assert torch.allclose(whiten(first, shrinkage=1.0), first - first.mean(0), atol=1e-5)


def test_leading_axes_are_whitened_by_themselves():
    views = torch.stack([rows(seed=0), 5 * rows(seed=1)])
    assert torch.allclose(whiten(views)[1], whiten(views[1]), atol=1e-10)


def test_equal_views_cost_nothing_unrelated_ones_two_and_opposite_ones_four():
    first = rows(400)
    assert float(whitened_mse(torch.stack([first, first]))) == pytest.approx(0, abs=1e-9)
    assert float(whitened_mse(torch.stack([first, rows(400, seed=1)]))) == pytest.approx(2, abs=0.3)
    assert float(whitened_mse(torch.stack([first, -first]))) == pytest.approx(4, abs=1e-9)


def test_it_is_the_mean_over_pairs_of_views_and_samples():
    views = torch.stack([rows(seed=seed) for seed in range(3)])
    white = F.normalize(whiten(views), dim=2)
    pairs = [(white[one] - white[other]).square().sum(1).mean() for one, other in [(0, 1), (0, 2), (1, 2)]]
    assert float(whitened_mse(views)) == pytest.approx(float(torch.stack(pairs).mean()), rel=1e-6)


def test_collapse_is_no_solution_and_breaks_nothing():
    for same in (torch.ones(2, 20, 4, requires_grad=True), torch.zeros(2, 20, 4, requires_grad=True)):
        loss = whitened_mse(same)
        loss.backward()
        assert float(loss) == pytest.approx(2)
        assert same.grad.isfinite().all()


def test_parts_are_whitened_by_themselves():
    views = torch.stack([rows(seed=0), rows(seed=1)])
    halves = [whitened_mse(views[:, :20]), whitened_mse(views[:, 20:])]
    assert float(whitened_mse(views, size=20)) == pytest.approx(float(torch.stack(halves).mean()), rel=1e-6)
    assert float(whitened_mse(views, size=30)) == pytest.approx(float(whitened_mse(views)), rel=1e-6)


def test_too_few_samples_or_views_are_refused():
    with pytest.raises(RecipeError, match="5 samples cannot be white in 5 dimensions"):
        whitened_mse(torch.randn(2, 10, 5), size=5)
    with pytest.raises(RecipeError, match="two views"):
        whitened_mse(torch.randn(1, 10, 5))
