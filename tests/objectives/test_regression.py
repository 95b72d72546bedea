"""Cosine regression: the values at agreement, right angle and opposition, and no gradient into a detached side."""

import pytest
import torch

from selflearn.objectives import cosine_regression, negative_cosine


@pytest.mark.parametrize(("angle", "cosine"), [(0.0, 1.0), (90.0, 0.0), (180.0, -1.0), (60.0, 0.5)])
def test_known_angles(angle, cosine):
    turned = torch.deg2rad(torch.tensor(angle))
    predictions, targets = torch.tensor([[3.0, 0.0]]), torch.stack([turned.cos(), turned.sin()])[None] * 0.2
    assert float(negative_cosine(predictions, targets)) == pytest.approx(-cosine, abs=1e-6)
    assert float(cosine_regression(predictions, targets)) == pytest.approx(2 - 2 * cosine, abs=1e-6)


def test_regression_is_the_squared_distance_of_unit_vectors():
    first, second = torch.randn(7, 5), torch.randn(7, 5)
    distance = (first / first.norm(dim=1, keepdim=True) - second / second.norm(dim=1, keepdim=True)).square().sum(1).mean()
    assert float(cosine_regression(first, second)) == pytest.approx(float(distance), rel=1e-5)


def test_a_detached_target_gets_no_gradient():
    prediction, target = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    cosine_regression(prediction, target.detach()).backward()
    assert target.grad is None
    assert prediction.grad.abs().sum() > 0
