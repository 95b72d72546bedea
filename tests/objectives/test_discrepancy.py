"""Maximum mean discrepancy: closed forms for points, nothing between equal sets, and what the publication writes, in loops."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import median_distance, mmd


def drawn(rows=7, dim=3, seed=0):
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed))


def test_two_points_have_their_closed_form():
    first, second = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    wanted = 2 - math.exp(-25 / 8) - math.exp(-25 / 18)
    assert float(mmd(first, second, [2.0, 3.0])) == pytest.approx(wanted, rel=1e-5)


def test_equal_sets_are_at_zero_whatever_their_order_and_however_often_they_are_repeated():
    rows = drawn()
    assert float(mmd(rows, rows.flip(0), [1.0])) == pytest.approx(0.0, abs=1e-6)
    assert float(mmd(rows, rows.repeat(3, 1), [1.0])) == pytest.approx(0.0, abs=1e-6)


def test_it_is_the_mean_of_kernels_within_less_those_across():
    first, second = drawn(4), drawn(6, seed=1) + 0.5

    def kernel(one, other):
        squared = float((one - other).square().sum())
        return (math.exp(-squared / (2 * 0.7**2)) + math.exp(-squared / (2 * 1.5**2))) / 2

    def mean(some, others):
        return sum(kernel(one, other) for one in some for other in others) / (len(some) * len(others))

    wanted = mean(first, first) + mean(second, second) - 2 * mean(first, second)
    assert float(mmd(first, second, [0.7, 1.5])) == pytest.approx(wanted, rel=1e-4)


def test_it_grows_with_the_distance_and_knows_neither_side_nor_place_nor_turn():
    first, second = drawn(), drawn(9, seed=1)
    far = [float(mmd(first, first + shift, [1.0])) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert far == sorted(far)
    apart = float(mmd(first, second, [1.0]))
    assert float(mmd(second, first, [1.0])) == pytest.approx(apart, rel=1e-5)
    turn = torch.linalg.qr(drawn(3, seed=2)).Q
    assert float(mmd(first @ turn + 4, second @ turn + 4, [1.0])) == pytest.approx(apart, rel=1e-3)


def test_the_gradient_brings_sets_together():
    first, second = drawn(), (drawn(seed=1) + 1).requires_grad_()
    before = mmd(first, second, [1.0])
    before.backward()
    assert mmd(first, second.detach() - 0.5 * second.grad, [1.0]) < before


def test_the_usual_width_is_the_median_distance():
    assert float(median_distance(torch.tensor([[0.0], [1.0], [3.0]]))) == 2.0
    assert float(median_distance(torch.ones(4, 2))) == 1.0
    with pytest.raises(RecipeError, match="two rows"):
        median_distance(torch.ones(1, 2))


@pytest.mark.parametrize(
    ("first", "second", "widths", "says"),
    [
        (torch.ones(3, 2), torch.ones(3, 3), [1.0], "rows, dim"),
        (torch.ones(0, 2), torch.ones(3, 2), [1.0], "rows, dim"),
        (torch.ones(3, 2), torch.ones(3, 2), [1.0, 0.0], "above zero"),
        (torch.ones(3, 2), torch.ones(3, 2), [], "above zero"),
    ],
)
def test_what_does_not_belong_together_is_refused(first, second, widths, says):
    with pytest.raises(RecipeError, match=says):
        mmd(first, second, widths)
