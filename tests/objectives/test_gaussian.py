"""SIGReg: its values at collapse and for Gaussian samples against the integrals, its minimum, its invariance to rotation."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import random_directions, sigreg


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def integral(function, limit=3.0, points=20001):
    t = torch.linspace(-limit, limit, points, dtype=torch.float64)
    return float(torch.trapezoid(function(t), t))


def phi(t):
    return (-t.square() / 2).exp()


def test_collapse_to_the_origin_costs_its_integral_times_the_batch():
    expected = 40 * integral(lambda t: (1 - phi(t)).square() * phi(t))
    loss = sigreg(torch.zeros(40, 6), random_directions(6, 8, generator()))
    assert float(loss) == pytest.approx(expected, rel=5e-3)  # 17 knots stand for the integral


@pytest.mark.parametrize("batch", [50, 400])
def test_gaussian_samples_cost_a_constant(batch):
    expected = integral(lambda t: (1 - phi(t).square()) * phi(t))
    losses = [
        sigreg(torch.randn(batch, 8, generator=generator(seed)), random_directions(8, 64, generator(seed + 1000)))
        for seed in range(40)
    ]
    assert float(torch.stack(losses).mean()) == pytest.approx(expected, rel=0.1)


def test_gaussian_samples_cost_least():
    directions, draw = random_directions(4, 64, generator(1)), generator(2)
    gaussian = torch.randn(2000, 4, generator=draw)
    others = {
        "collapsed": torch.zeros(2000, 4),
        "uniform": (torch.rand(2000, 4, generator=draw) - 0.5) * math.sqrt(12),
        "wide": 2 * gaussian,
        "shifted": gaussian + 1,
        "flat": gaussian * torch.tensor([1.0, 1.0, 0.0, 0.0]),
        "two clusters": torch.sign(gaussian),
    }
    least = sigreg(gaussian, directions)
    for name, samples in others.items():
        assert sigreg(samples, directions) > 1.5 * least, name


def test_rotating_samples_and_directions_together_changes_nothing():
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=generator(3)))[0]
    samples, directions = torch.rand(60, 5, generator=generator(4)), random_directions(5, 16, generator(5))
    assert float(sigreg(samples @ rotation, rotation.T @ directions)) == pytest.approx(float(sigreg(samples, directions)), rel=1e-4)


def test_views_are_tested_one_by_one():
    samples, directions = torch.randn(3, 20, 5, generator=generator(6)), random_directions(5, 16, generator(7))
    alone = torch.stack([sigreg(view, directions) for view in samples]).mean()
    assert float(sigreg(samples, directions)) == pytest.approx(float(alone), rel=1e-5)


def test_directions_are_unit_and_given_by_the_generator():
    directions = random_directions(12, 30, generator(8))
    assert torch.allclose(directions.norm(dim=0), torch.ones(30))
    assert torch.equal(directions, random_directions(12, 30, generator(8)))


def test_descent_leads_from_a_box_to_a_gaussian():
    samples = torch.rand(256, 2, generator=generator(9)).requires_grad_()
    optimiser, draw = torch.optim.Adam([samples], lr=0.05), generator(10)
    for _ in range(150):
        optimiser.zero_grad()
        sigreg(samples, random_directions(2, 16, draw)).backward()
        optimiser.step()
    assert samples.mean(0).abs().max() < 0.1
    assert torch.allclose(torch.cov(samples.T), torch.eye(2), atol=0.15)


def test_misfits_are_refused():
    with pytest.raises(RecipeError, match="dim"):
        sigreg(torch.randn(8, 3), torch.randn(4, 5))
