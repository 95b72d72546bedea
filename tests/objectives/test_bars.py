"""Bars: a density that integrates to one, flat where it should be, with tails; its mean and quantiles; what the loss counts."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import bar_log_density, bar_mean, bar_nll, bar_quantile

BORDERS = torch.tensor([-2.0, -1.0, 0.0, 0.5, 3.0])


def logits(seed=0, rows=1):
    return torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def density(row, points):
    return bar_log_density(row.expand(len(points), -1), BORDERS.double(), points).exp()


@pytest.mark.parametrize("seed", range(3))
def test_it_integrates_to_one(seed):
    grid = torch.linspace(-30, 40, 700_001, dtype=torch.float64)
    assert torch.trapezoid(density(logits(seed), grid), grid).item() == pytest.approx(1, abs=1e-4)


def test_equal_logits_are_the_closed_form():
    inner = torch.tensor([-0.5, 0.2], dtype=torch.float64)
    assert density(torch.zeros(1, 4).double(), inner).tolist() == pytest.approx([0.25 / 1.0, 0.25 / 0.5])


def test_half_of_an_outer_bars_mass_lies_within_its_width():
    row = logits(1)
    share = row.softmax(-1)[0]
    for low, high, mass in ((-2.0, -1.0, share[0]), (0.5, 3.0, share[3])):
        grid = torch.linspace(low, high, 20_001, dtype=torch.float64)
        assert torch.trapezoid(density(row, grid[1:-1]), grid[1:-1]).item() == pytest.approx(float(mass) / 2, abs=1e-3)


def test_every_number_has_a_density_that_falls_outwards():
    far = density(logits(), torch.tensor([-50.0, -5.0, -2.5, 3.5, 9.0, 90.0]).double()).log()
    assert far.isfinite().all()
    assert far[0] < far[1] < far[2]
    assert far[3] > far[4] > far[5]


def test_mean_and_quantiles_are_those_of_the_density():
    row = logits(2)
    grid = torch.linspace(-30, 40, 700_001, dtype=torch.float64)
    told = density(row, grid)
    assert bar_mean(row, BORDERS.double()).item() == pytest.approx(torch.trapezoid(told * grid, grid).item(), abs=1e-3)
    below = torch.cumulative_trapezoid(told, grid)
    for level in (0.01, 0.2, 0.5, 0.77, 0.99):
        place = bar_quantile(row, BORDERS.double(), level).item()
        assert below[int((place + 30) / 1e-4) - 1].item() == pytest.approx(level, abs=1e-3)


def test_only_what_is_asked_counts_and_truth_costs_least():
    values = torch.tensor([[0.2, -0.5, 100.0]])
    asked = torch.tensor([[True, True, False]])
    even = torch.zeros(1, 3, 4)
    assert bar_nll(even, BORDERS, values, asked).item() == pytest.approx(-(math.log(0.5) + math.log(0.25)) / 2)
    sure = even.clone()
    sure[0, 0, 2] = sure[0, 1, 1] = 4.0
    assert bar_nll(sure, BORDERS, values, asked) < bar_nll(even, BORDERS, values, asked)
    assert bar_nll(even, BORDERS, values, torch.zeros_like(asked)).item() == 0


def test_the_best_probabilities_are_the_true_ones():
    """The loss over many values has its minimum where each bar has the share of the values that fall in it."""
    values = torch.tensor([-0.5] * 6 + [0.2] * 3 + [0.7])
    told = torch.zeros(4, requires_grad=True)
    optimiser = torch.optim.LBFGS([told], max_iter=100)

    def closure():
        optimiser.zero_grad()
        loss = bar_nll(told.expand(10, -1), BORDERS, values, torch.ones(10, dtype=torch.bool))
        loss.backward()
        return loss

    optimiser.step(closure)
    assert told.softmax(-1)[1:].tolist() == pytest.approx([0.6, 0.3, 0.1], abs=0.02)


def test_what_does_not_fit_is_refused():
    with pytest.raises(RecipeError, match="at least 3 bars"):
        bar_log_density(torch.zeros(2, 4), BORDERS[:-1], torch.zeros(2))
    with pytest.raises(RecipeError, match="level"):
        bar_quantile(torch.zeros(4), BORDERS, 1.0)
