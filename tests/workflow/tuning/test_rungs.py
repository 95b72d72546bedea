"""Successive halving in numbers: the ladder costs what was given, and a budget that cannot tell candidates apart is refused."""

import itertools

import pytest

from selflearn.errors import BudgetError
from selflearn.training import Budget
from selflearn.workflow.tuning.rungs import cost, course_of, rungs


@pytest.mark.parametrize(("candidates", "keep"), [(2, 0.5), (3, 0.5), (8, 0.5), (9, 1 / 3), (17, 0.4), (512, 0.9)])
def test_a_ladder_ends_with_one_at_the_top(candidates, keep):
    ladder = rungs(candidates, keep)
    counts = [rung.climbers for rung in ladder]
    assert counts[0] == candidates
    assert counts[-1] == 1
    assert ladder[-1].share == 1
    assert all(more > fewer for more, fewer in itertools.pairwise(counts))


def test_eight_candidates_cost_two_and_a_half_courses():
    assert cost(rungs(8)) == 8 / 8 + 4 / 8 + 2 / 4 + 1 / 2


@pytest.mark.parametrize("unit", ["seconds", "steps", "samples", "epochs"])
def test_the_least_budget_that_is_named_is_enough_and_less_is_not(unit):
    ladder = rungs(8)
    with pytest.raises(BudgetError, match="the least is") as refused:
        course_of(Budget(0.5, unit), ladder, 64, 1000)
    least = Budget.parse(str(refused.value).split("the least is ")[1].split(". ")[0])
    course = course_of(least, ladder, 64, 1000)
    assert course.unit == unit
    assert cost(ladder) * course.amount <= least.amount
    with pytest.raises(BudgetError):
        course_of(Budget(0.9 * least.amount, unit), ladder, 64, 1000)


def test_fewer_candidates_are_proposed_where_they_would_do():
    with pytest.raises(BudgetError, match="--candidates 4"):
        course_of(Budget.parse("100steps"), rungs(8), 64, 1000)
