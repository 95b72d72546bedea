"""Schedules: closed forms, and bounds for every progress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn.training import ScheduleSettings, rate
from selflearn.training.schedules import between


def test_closed_forms():
    cosine = ScheduleSettings(warmup=0.2, shape="cosine", final=0.1)
    assert [rate(p, cosine) for p in (0.2, 0.6, 1.0)] == pytest.approx([1.0, 0.55, 0.1])
    linear = ScheduleSettings(warmup=0.0, shape="linear")
    assert [rate(p, linear) for p in (0.0, 0.25, 1.0)] == pytest.approx([1.0, 0.75, 0.0])
    assert rate(0.9, ScheduleSettings(shape="constant")) == 1.0


def test_the_first_update_already_learns():
    assert rate(0.0, ScheduleSettings(warmup=0.1)) == pytest.approx(0.01)
    assert rate(0.05, ScheduleSettings(warmup=0.1)) == pytest.approx(0.505)


@given(st.floats(0, 1), st.floats(0, 0.99), st.sampled_from(["cosine", "linear", "constant"]), st.floats(0, 1))
def test_a_rate_is_a_share_of_the_peak(progress, warmup, shape, final):
    assert 0 <= rate(progress, ScheduleSettings(warmup=warmup, shape=shape, final=final)) <= 1 + 1e-12


def test_between_goes_from_start_to_end():
    assert [between(0.04, 0.4, p) for p in (0, 0.5, 1)] == pytest.approx([0.04, 0.22, 0.4])
