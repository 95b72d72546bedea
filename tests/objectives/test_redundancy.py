"""Barlow Twins: zero for whitened equals, the dimension at collapse, and equal to the loss through batch norm."""

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError
from selflearn.objectives import barlow_twins


def whitened(batch, dim):
    outputs = torch.linalg.qr(torch.cat([torch.ones(batch, 1), torch.randn(batch, dim)], 1).double())[0][:, 1:]
    return outputs * batch**0.5


def test_equal_whitened_outputs_cost_nothing():
    outputs = whitened(32, 8)
    assert float(barlow_twins(outputs, outputs, 1.0)) == pytest.approx(0, abs=1e-8)


def test_collapse_costs_one_for_each_output():
    assert float(barlow_twins(torch.ones(16, 6), torch.ones(16, 6))) == pytest.approx(6)


def test_opposite_views_cost_four_for_each_output():
    outputs = whitened(32, 8)
    assert float(barlow_twins(outputs, -outputs, 1.0)) == pytest.approx(4 * 8, rel=1e-4)


def test_repeated_outputs_cost_their_pairs():
    outputs = whitened(64, 1).repeat(1, 5)
    assert float(barlow_twins(outputs, outputs, 0.1)) == pytest.approx(0.1 * 5 * 4, rel=1e-4)


def test_equals_the_correlation_through_batch_norm():
    first, second = torch.randn(20, 7), torch.randn(20, 7)
    norm = nn.BatchNorm1d(7, affine=False)
    correlation = norm(first).T @ norm(second) / 20
    off = correlation[~torch.eye(7, dtype=torch.bool)]
    expected = (correlation.diagonal() - 1).square().sum() + 0.005 * off.square().sum()
    assert float(barlow_twins(first, second, 0.005)) == pytest.approx(float(expected), rel=1e-5)


def test_scale_and_shift_of_an_output_do_not_matter():
    first, second = torch.randn(20, 7), torch.randn(20, 7)
    moved = first * torch.rand(7).add(1) + torch.randn(7)
    assert float(barlow_twins(moved, second)) == pytest.approx(float(barlow_twins(first, second)), rel=1e-4)


def test_different_shapes_are_refused():
    with pytest.raises(RecipeError, match=r"\(4, 3\) and \(5, 3\)"):
        barlow_twins(torch.randn(4, 3), torch.randn(5, 3))
