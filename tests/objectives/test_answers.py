"""Answers to questions, in closed form."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import answers_to_classes, answers_to_numbers, answers_to_shares


def test_right_answers_cost_nothing_and_wrong_ones_their_square():
    answers = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert answers_to_numbers(answers, answers) == 0
    assert answers_to_numbers(answers + 2, answers).item() == pytest.approx(4.0)


def test_logits_that_are_equal_know_nothing():
    assert answers_to_classes(torch.zeros(6, 5), torch.arange(5).repeat(2)[:6]).item() == pytest.approx(math.log(5))
    assert answers_to_shares(torch.zeros(4, 5), torch.full((4, 5), 0.2)).item() == pytest.approx(0.0, abs=1e-12)


def test_shares_are_told_up_to_a_constant():
    told = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    assert answers_to_shares(told + 3, told.softmax(1)).item() == pytest.approx(0.0, abs=1e-12)


def test_columns_left_out_at_the_end_have_no_part():
    told = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    assert answers_to_numbers(told, told[:, :2]) == 0
    shares = torch.tensor([[1.0, 0.0]]).repeat(4, 1)
    whole = torch.nn.functional.pad(shares, (0, 3))
    assert answers_to_shares(told, shares) == answers_to_shares(told, whole)


@pytest.mark.parametrize(
    ("loss", "none"),
    [(answers_to_numbers, torch.zeros(0, 5)), (answers_to_shares, torch.zeros(0, 5)), (answers_to_classes, torch.zeros(0).long())],
)
def test_nothing_asked_costs_nothing_and_has_a_gradient(loss, none):
    told = torch.zeros(0, 5, requires_grad=True)
    value = loss(told, none)
    value.backward()
    assert value == 0
    with pytest.raises(RecipeError, match="do not fit"):
        loss(torch.zeros(2, 5), none)
