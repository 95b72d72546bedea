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


INFINITE = {"shape": "infinite", "warmup": 0.1, "cooldown": 0.2, "plateau": 0.5, "annealing": 0.25, "final": 0.005}


def test_an_infinite_schedule_falls_to_a_plateau_and_anneals_at_the_end():
    schedule = ScheduleSettings(**INFINITE)
    assert [rate(p, schedule) for p in (0.1, 0.2, 0.3, 0.5, 0.75)] == pytest.approx([1.0, 0.75, 0.5, 0.5, 0.5])
    assert [rate(p, schedule) for p in (0.875, 1.0)] == pytest.approx([0.05, 0.005])  # a constant factor in equal times


def test_learning_that_goes_on_begins_at_the_plateau_the_last_one_left():
    first = ScheduleSettings(**{**INFINITE, "annealing": 0.0})
    second = ScheduleSettings(**{**INFINITE, "warmup": 0.0, "cooldown": 0.0})
    assert rate(1.0, first) == rate(0.0, second) == 0.5
    rates = [rate(p / 100, second) for p in range(101)]
    assert rates == sorted(rates, reverse=True)


def test_an_infinite_schedule_without_cooldown_to_a_full_plateau_is_warmup_stable_decay():
    schedule = ScheduleSettings(shape="infinite", warmup=0.1, cooldown=0.0, plateau=1.0, annealing=0.2, final=0.1)
    assert [rate(p, schedule) for p in (0.1, 0.8, 1.0)] == pytest.approx([1.0, 1.0, 0.1])


@given(st.floats(0, 1), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0.1, 1))
def test_an_infinite_rate_never_leaves_its_bounds(progress, warmup, cooldown, annealing, plateau):
    schedule = ScheduleSettings(
        shape="infinite", warmup=warmup, cooldown=cooldown, annealing=annealing, plateau=plateau, final=0.05
    )
    assert min(0.01, schedule.final) - 1e-12 <= rate(progress, schedule) <= 1 + 1e-12


@given(st.floats(0, 1), st.floats(0, 0.99), st.sampled_from(["cosine", "linear", "constant"]), st.floats(0, 1))
def test_a_rate_is_a_share_of_the_peak(progress, warmup, shape, final):
    assert 0 <= rate(progress, ScheduleSettings(warmup=warmup, shape=shape, final=final)) <= 1 + 1e-12


def test_between_goes_from_start_to_end():
    assert [between(0.04, 0.4, p) for p in (0, 0.5, 1)] == pytest.approx([0.04, 0.22, 0.4])
