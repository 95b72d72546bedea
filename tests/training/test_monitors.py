"""Monitors: closed forms of what is measured, and which courses raise an alarm."""

import dataclasses
import json
import math

import pytest
import torch

import selflearn.training.stage as stage
from selflearn.training import FitSettings, Monitor, Reading, RunFolder, fit, read_metrics
from selflearn.training.monitors import PATIENCE, effective_rank, look

HEALTHY = Reading(loss=5.0, grad_norm=3.0, weight_norm=0.05, deviation=0.9, scale=0.3, rank=60.0, directions=15.0)


def measure(embedding):
    return look(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(3.0), embedding)


def test_an_orthogonal_embedding_is_spread_evenly():
    reading = measure(7 * torch.cat([torch.eye(16), -torch.eye(16)]))
    assert reading.deviation == pytest.approx(1.0, rel=1e-5)
    assert reading.rank == pytest.approx(16, rel=1e-4)
    assert reading.directions == pytest.approx(16, rel=1e-4)
    assert (reading.loss, reading.grad_norm, reading.weight_norm) == pytest.approx((1, 2, 3))


def test_a_constant_embedding_has_one_direction_and_no_spread():
    reading = measure(torch.ones(32, 8))
    assert (reading.deviation, reading.scale) == pytest.approx((0, 0), abs=1e-6)
    assert (reading.rank, reading.directions) == pytest.approx((1, 1), abs=1e-2)


def test_a_line_has_spread_but_one_direction():
    sign = torch.tensor([1.0, -1.0]).repeat(16)[:, None]
    reading = measure(sign * torch.ones(32, 8))
    assert reading.deviation == pytest.approx(1.0, rel=1e-5)
    assert reading.directions == pytest.approx(1.0, rel=1e-5)


def test_effective_rank_does_not_change_with_scale_or_rotation():
    torch.manual_seed(0)
    rows, rotation = torch.randn(40, 12), torch.linalg.qr(torch.randn(12, 12)).Q
    assert effective_rank(1e4 * rows @ rotation) == pytest.approx(float(effective_rank(rows)), rel=1e-3)
    assert math.isnan(effective_rank(torch.full((4, 4), float("nan"))))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"deviation": 0.005}, "collapsed"),
        ({"scale": 0.03}, "collapsed"),
        ({"directions": 1.6}, "collapsed"),
        ({"weight_norm": 3.0}, "diverged"),
    ],
)
def test_an_alarm_needs_looks_that_agree(change, kind):
    bad, monitor = dataclasses.replace(HEALTHY, **change), Monitor()
    assert monitor.see(HEALTHY) is None
    for _ in range(PATIENCE - 1):
        assert monitor.see(bad) is None
    assert monitor.see(HEALTHY) is None
    alarms = [monitor.see(bad) for _ in range(PATIENCE)]
    assert alarms[:-1] == [None] * (PATIENCE - 1)
    assert alarms[-1].kind == kind
    assert alarms[-1].remedy


@pytest.mark.parametrize("name", ["loss", "grad_norm", "weight_norm"])
def test_what_is_not_a_number_alarms_at_once(name):
    alarm = Monitor().see(dataclasses.replace(HEALTHY, **{name: float("nan")}))
    assert alarm.kind == "diverged"


def test_an_embedding_that_starts_with_few_directions_may_keep_few():
    monitor = Monitor()
    for _ in range(20):
        assert monitor.see(dataclasses.replace(HEALTHY, directions=1.2, deviation=0.2)) is None


def test_a_monitor_goes_on_where_it_was_saved():
    monitor, again = Monitor(), Monitor()
    bad = dataclasses.replace(HEALTHY, scale=0.01)
    for reading in (HEALTHY, bad, bad):
        monitor.see(reading)
    again.load_state_dict(monitor.state_dict())
    assert again.see(bad) == monitor.see(bad) != None  # noqa: E711


def run(world, tmp_path, **method):
    folder = RunFolder.create(tmp_path / "run")
    settings = FitSettings(
        batch=16, budget="300steps", precision="32", device="cpu", monitor_every=5, optimiser=method.pop("optimiser", {})
    )
    return fit(world.method(**method), world.Vectors(), world.views, settings, folder), folder


def test_a_healthy_run_raises_no_alarm(world, tmp_path):
    outcome, _ = run(world, tmp_path)
    assert (outcome.alarm, outcome.step) == (None, 300)


def test_a_learning_rate_far_too_high_stops_the_run(world, tmp_path):
    outcome, folder = run(world, tmp_path, optimiser={"lr": 3.0})
    assert outcome.alarm.kind == "diverged"
    assert outcome.ended == "alarm"
    assert outcome.step < 300
    assert read_metrics(folder)[-1]["step"] == outcome.step


def test_an_infinite_loss_stops_the_run_at_the_first_look(world, tmp_path):
    outcome, _ = run(world, tmp_path, scale=float("inf"))
    assert (outcome.alarm.kind, outcome.step) == ("diverged", 1)
    told = json.loads(json.dumps(outcome.to_json(), allow_nan=False))  # a run folder holds no numbers that are none
    assert (told["loss"], told["alarm"]["kind"], told["step"]) == (None, "diverged", 1)


def test_what_cannot_collapse_is_alarmed_by_divergence_alone():
    flat = dataclasses.replace(HEALTHY, deviation=0.001, scale=0.001, rank=1.0, directions=1.0)
    monitor = Monitor()
    assert [monitor.see(reading, can_collapse=False) for reading in (HEALTHY, flat, flat, flat, flat)] == [None] * 5
    assert monitor.see(dataclasses.replace(flat, loss=float("nan")), can_collapse=False).kind == "diverged"
    watched = Monitor()
    assert [watched.see(reading) for reading in (HEALTHY, flat, flat, flat)][-1].kind == "collapsed"


def test_the_clock_ends_no_run_whose_budget_is_in_steps(world, monkeypatch):
    """Looks between the appointed updates are for the eye: with any speed of the machine an alarm comes at the same update."""
    ends = []
    for seconds in (1e9, 0.0):
        monkeypatch.setattr(stage, "LOOK_SECONDS", seconds)
        settings = FitSettings(batch=16, budget="300steps", precision="32", device="cpu", optimiser={"lr": 3.0})
        outcome = fit(world.method(), world.Vectors(), world.views, settings)
        ends.append((outcome.ended, outcome.step))
    assert ends[0] == ends[1]
    assert ends[0][0] == "alarm"
    assert ends[0][1] % settings.monitor_every == 1
