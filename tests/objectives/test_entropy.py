"""Entropy from spacings: that of known distributions, what scale and shift do, and where a step uphill leads."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import marginal_entropy


def draw(count=4000, dim=3, seed=0):
    return torch.rand(count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("shape", "entropy"),
    [
        (lambda uniform: uniform, 0.0),
        (lambda uniform: -uniform.log(), 1.0),
        (torch.special.ndtri, 0.5 * math.log(2 * math.pi * math.e)),
    ],
)
def test_known_entropies(shape, entropy):
    assert float(marginal_entropy(shape(draw()))) == pytest.approx(entropy, abs=0.08)


def test_a_factor_adds_its_logarithm_and_a_shift_nothing():
    rows = draw(100)
    assert float(marginal_entropy(4 * rows - 9)) == pytest.approx(float(marginal_entropy(rows)) + math.log(4), abs=1e-4)


def test_nothing_in_the_cube_has_more_than_even_values():
    even = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    best = float(marginal_entropy(even))
    assert abs(best) < 0.05
    for power in (0.3, 0.5, 2.0, 3.0):
        assert float(marginal_entropy(even**power)) < best


def test_collapse_has_the_least_and_a_finite_gradient():
    rows = torch.full((16, 2), 0.5, requires_grad=True)
    loss = marginal_entropy(rows)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(math.log(1e-7), rel=1e-5)
    assert rows.grad.isfinite().all()


def test_steps_uphill_even_values_out():
    rows = (0.5 + 0.05 * torch.randn(64, 1, generator=torch.Generator().manual_seed(0))).requires_grad_()
    before = float(rows.detach().std())
    for _ in range(50):
        (gradient,) = torch.autograd.grad(marginal_entropy(rows), rows)
        rows = (rows + 0.01 * gradient).detach().clamp(0, 1).requires_grad_()
    assert float(rows.detach().std()) > 1.5 * before


def test_one_row_is_refused():
    with pytest.raises(RecipeError, match="two rows"):
        marginal_entropy(torch.randn(1, 3))
