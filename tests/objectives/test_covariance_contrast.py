"""Covariance contrast: the mean squared cosine with what the moment is of."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import covariance_contrast


def test_it_is_the_mean_squared_cosine_with_all_past_rows():
    rows, past = torch.randn(6, 4), F.normalize(torch.randn(9, 4), dim=1)
    cosines = F.normalize(rows, dim=1) @ past.T
    assert float(covariance_contrast(2 * rows, past.T @ past / 9)) == pytest.approx(float(cosines.square().mean()), rel=1e-5)


def test_collapse_costs_one_and_an_even_sphere_one_over_the_dimensions():
    rows = torch.tensor([[3.0, 4.0, 0.0]]).repeat(5, 1)
    unit = rows / 5
    assert float(covariance_contrast(rows, unit.T @ unit / 5)) == pytest.approx(1.0)
    assert float(covariance_contrast(torch.randn(5, 8), torch.eye(8) / 8)) == pytest.approx(1 / 8)


def test_a_step_downhill_leaves_the_crowded_direction():
    rows = torch.tensor([[1.0, 0.2]], requires_grad=True)
    covariance_contrast(rows, torch.diag(torch.tensor([0.9, 0.1]))).backward()
    before, away = F.normalize(rows.detach(), dim=1), F.normalize(rows.detach() - 0.5 * rows.grad, dim=1)
    assert away[0, 0].abs() < before[0, 0].abs()


def test_a_moment_of_another_size_is_refused():
    with pytest.raises(RecipeError, match=r"\(5, 3\) and \(4, 4\)"):
        covariance_contrast(torch.randn(5, 3), torch.eye(4))
