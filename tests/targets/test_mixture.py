"""Two Gaussians: found again where there are two, and no gate where there is one."""

import math

import pytest
import torch

from selflearn.targets import gate, two_gaussians


def heap(seed=0, right=700, wrong=300, apart=4.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([0.5 * torch.randn(right, generator=generator) - 3.0, torch.randn(wrong, generator=generator) - 3.0 + apart])


def test_two_heaps_are_found_again():
    weights, means, deviations = two_gaussians(heap())
    assert torch.allclose(weights, torch.tensor([0.7, 0.3], dtype=torch.float64), atol=0.03)
    assert torch.allclose(means, torch.tensor([-3.0, 1.0], dtype=torch.float64), atol=0.15)
    assert torch.allclose(deviations, torch.tensor([0.5, 1.0], dtype=torch.float64), atol=0.15)


def test_the_gate_lies_where_both_are_as_likely():
    values = heap()
    weights, means, deviations = two_gaussians(values)
    border = gate(values)
    densities = weights / deviations * torch.exp(-(((border - means) / deviations) ** 2) / 2)
    assert float(densities[0]) == pytest.approx(float(densities[1]), rel=0.05)
    assert -2.5 < border < 0.5


def test_scale_and_origin_do_not_matter():
    values = heap()
    assert gate(3 * values + 5) == pytest.approx(3 * gate(values) + 5, abs=0.02)


@pytest.mark.parametrize("values", [torch.ones(50), torch.randn(3)])
def test_where_there_are_no_two_everything_is_let_through(values):
    assert gate(values) == math.inf
