"""Budgets: what people write, what is refused, and what share is used."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn.errors import BudgetError
from selflearn.training import Budget, parse_budget


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("90s", 90, "seconds"),
        ("10min", 600, "seconds"),
        ("1.5 h", 5400, "seconds"),
        ("20epochs", 20, "epochs"),
        ("1 epoch", 1, "epochs"),
        ("300steps", 300, "steps"),
        ("1e6samples", 1_000_000, "samples"),
        ("50_000 Samples", 50_000, "samples"),
    ],
)
def test_budgets_as_people_write_them(text, amount, unit):
    assert Budget.parse(text) == Budget(amount, unit)


@pytest.mark.parametrize("text", ["", "10", "min", "ten minutes", "0s", "-5min", "1e999s", "5 parsecs", "10min 5s", "nan steps"])
def test_nonsense_is_refused_with_an_example(text):
    with pytest.raises(BudgetError, match="10min"):
        Budget.parse(text)


@pytest.mark.parametrize("amount", [0, -1, math.nan, math.inf])
def test_a_budget_is_above_zero(amount):
    with pytest.raises(BudgetError):
        Budget(amount, "steps")


@given(st.floats(1e-3, 1e9), st.sampled_from(["seconds", "epochs", "steps", "samples"]))
def test_text_round_trip(amount, unit):
    budget = Budget(amount, unit)
    again = Budget.parse(str(budget))
    assert again.unit == unit
    assert again.amount == pytest.approx(amount, rel=1e-12)
    assert parse_budget(budget) is budget


def test_progress_is_a_share_of_its_own_unit():
    assert Budget(10, "steps").progress(step=5, samples=10**9, epochs=99, seconds=99) == 0.5
    assert Budget(10, "seconds").progress(step=10**9, seconds=2.5) == 0.25
    assert Budget(10, "epochs").progress(epochs=11.0) == 1.0
    assert Budget(100 / 3, "steps").progress(step=33) < 1 <= Budget(100 / 3, "steps").progress(step=34)
