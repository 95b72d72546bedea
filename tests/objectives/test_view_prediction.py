"""View prediction: zero at agreement, the variance of the views otherwise, and a gradient on every side."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import view_prediction


def test_equal_views_cost_nothing():
    assert view_prediction(torch.randn(1, 8, 5).expand(4, 8, 5), large=2) == 0


def test_with_large_views_only_it_is_their_variance():
    views = torch.randn(4, 8, 5)
    assert float(view_prediction(views, large=4)) == pytest.approx(float(views.var(0, correction=0).mean()), rel=1e-5)


def test_small_views_aim_at_the_large_ones():
    large, small = torch.zeros(2, 8, 5), torch.full((2, 8, 5), 3.0)
    assert float(view_prediction(torch.cat([large, small]), large=2)) == pytest.approx(9 / 2)


def test_the_mean_of_large_views_is_not_detached():
    views = torch.randn(3, 4, 2, requires_grad=True)
    view_prediction(views, large=1).backward()
    assert views.grad[0].abs().sum() > 0


@pytest.mark.parametrize("large", [0, 4])
def test_impossible_numbers_of_large_views_are_refused(large):
    with pytest.raises(RecipeError, match="large"):
        view_prediction(torch.randn(3, 4, 2), large=large)
