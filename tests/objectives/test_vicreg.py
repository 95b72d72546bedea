"""The parts of VICReg: what each is at collapse, at identity and for independent outputs."""

import pytest
import torch

from selflearn.objectives import covariance, invariance, variance


def test_invariance_is_the_mean_squared_distance():
    first = torch.randn(8, 5)
    assert invariance(first, first) == 0
    assert float(invariance(first, first + 2)) == pytest.approx(4, rel=1e-5)


def test_variance_at_collapse_and_when_satisfied():
    assert float(variance(torch.ones(8, 5))) == pytest.approx(1 - 0.01)
    assert variance(3 * torch.tensor([[-1.0], [1.0]]).repeat(4, 5)) == 0


def test_variance_has_a_gradient_near_collapse():
    outputs = (1 + 1e-3 * torch.randn(8, 5)).requires_grad_()
    variance(outputs).backward()
    assert outputs.grad.isfinite().all()
    assert outputs.grad.abs().sum() > 0


def test_variance_hinges_on_its_target():
    outputs = torch.tensor([[-1.0], [1.0]]).repeat(1, 3)  # unbiased variance 2
    assert float(variance(outputs, 2.0)) == pytest.approx(2 - 2.0001**0.5, rel=1e-5)


def test_covariance_of_repeated_outputs():
    column = torch.randn(50, 1)
    column = (column - column.mean()) / column.std()
    assert float(covariance(column.repeat(1, 4))) == pytest.approx(3, rel=1e-4)  # 12 pairs of covariance one, over 4


def test_covariance_of_orthogonal_outputs_is_zero():
    outputs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    assert covariance(outputs) == 0


def test_covariance_ignores_shift():
    outputs = torch.randn(30, 4, dtype=torch.float64)
    assert float(covariance(outputs + 5)) == pytest.approx(float(covariance(outputs)), rel=1e-9)
