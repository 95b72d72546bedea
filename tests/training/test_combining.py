"""Several losses, one step: the mixture is the shortest there is, and its step lowers all of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.training.combining import combined, shortest


def mixture(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weights = shortest(vectors @ vectors.T)
    return weights, weights @ vectors


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ([1.0, 0.0], [0.0, 1.0], 0.5),
        ([2.0, 0.0], [0.0, 1.0], 0.2),  # the closed form: (g2 - g1) . g2 / |g1 - g2|^2
        ([1.0, 0.0], [3.0, 0.0], 1.0),  # one beyond the other: the shorter alone
        ([1.0, 0.0], [-1.0, 0.0], 0.5),
        ([1.0, 0.0], [-3.0, 0.0], 0.75),
    ],
)
def test_of_two_it_is_the_closed_form(first, second, share):
    weights, _ = mixture(np.array([first, second]))
    assert weights == pytest.approx([share, 1 - share], abs=1e-9)


@given(count=st.integers(1, 6), dim=st.integers(1, 8), seed=st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_every_gradient_has_at_least_the_mixtures_length_along_it(count: int, dim: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, dim)) * 10 ** np.random.default_rng(seed).uniform(-2, 2, (count, 1))
    weights, shorter = mixture(vectors)
    scale = np.square(vectors).sum() / count
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    assert (vectors @ shorter >= shorter @ shorter - 1e-5 * scale).all(), "what holds at the least point and nowhere else"


def test_equal_losses_give_their_sum_and_opposed_ones_stand_still():
    weight = torch.tensor([2.0], requires_grad=True)
    same = {"one": weight.square().sum(), "two": weight.square().sum()}
    assert combined(same, "pareto", [weight]).item() == pytest.approx(combined(same, "sum", [weight]).item())
    against = {"up": 3 * weight.sum(), "down": -weight.sum()}
    combined(against, "pareto", [weight]).backward()
    assert float(weight.grad) == pytest.approx(0, abs=1e-6)


def test_what_one_loss_alone_trains_still_gets_its_gradient():
    shared, own = torch.tensor([1.0], requires_grad=True), torch.tensor([1.0], requires_grad=True)
    combined({"one": (shared * own).sum(), "two": shared.square().sum()}, "pareto", [shared]).backward()
    assert own.grad is not None and float(own.grad) > 0


def test_at_unit_length_a_loss_counts_no_more_for_a_short_gradient():
    weight = torch.tensor([1.0, 1.0], requires_grad=True)
    for scale in (0.01, 1.0, 100.0):
        losses = {"one": scale * weight[0], "two": weight[1]}
        assert combined(losses, "pareto-unit", [weight]).item() == pytest.approx(scale + 1, rel=1e-5), "orthogonal: half and half"
    assert combined({"one": 0.01 * weight[0], "two": weight[1]}, "pareto", [weight]).item() < 0.03
