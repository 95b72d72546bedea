"""The decision follows from the interval alone, and a claim is the conjunction of its parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RunError
from selflearn.evidence.decision import conclude, decide

# differences 1, 2, 3, 4, 5: mean 3, deviation sqrt(2.5), t(0.975, 4) = 2.7764: interval 3 +- 1.9633
FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]


def test_interval_is_students_paired_one():
    decision = decide("x", 0.0, FIVE)
    assert decision.mean == pytest.approx(3.0)
    assert decision.low == pytest.approx(1.03676, abs=1e-4)
    assert decision.high == pytest.approx(4.96324, abs=1e-4)


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [(1.0, "holds"), (1.1, "inconclusive"), (3.0, "inconclusive"), (4.9, "inconclusive"), (5.0, "does not hold")],
)
def test_verdict_is_where_the_interval_lies(margin, verdict):
    assert decide("x", margin, FIVE).verdict == verdict


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.floats(-1, 1), st.floats(0, 1))
def test_a_larger_margin_never_helps_a_claim(differences, margin, more):
    order = {"does not hold": 0, "inconclusive": 1, "holds": 2}
    assert order[decide("x", margin + more, differences).verdict] <= order[decide("x", margin, differences).verdict]


@pytest.mark.parametrize("differences", [[], [0.3], [0.1, float("nan")], [0.1, float("inf")]])
def test_too_little_to_decide_is_refused(differences):
    with pytest.raises(RunError, match="at least two seeds"):
        decide("x", 0.0, differences)


def test_a_claim_holds_only_against_every_baseline():
    weak, strong = decide("minus raw", 0.0, [0.3, 0.31, 0.29]), decide("minus pca", 0.0, [0.02, -0.01, 0.01])
    verdict, decider = conclude([weak, strong])
    assert (verdict, decider) == ("inconclusive", strong)
    assert conclude([weak, decide("minus other", 0.0, [-0.2, -0.21, -0.19])])[0] == "does not hold"


def test_the_decider_of_a_claim_that_holds_is_its_tightest_part():
    far, near = decide("far", 0.0, [0.3, 0.31, 0.29]), decide("near", 0.0, [0.03, 0.04, 0.02])
    assert conclude([far, near]) == ("holds", near)
