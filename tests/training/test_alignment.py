"""Spectral alignment: closed forms of the measure, and the alarm that a person sets."""

import dataclasses

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError
from selflearn.training import FitSettings, Monitor, Reading, RunFolder, fit, read_metrics
from selflearn.training.alignment import aligned, principal, sign_diversity

HEALTHY = Reading(5.0, 3.0, 0.05, 0.9, 0.3, 60.0, 15.0, diversity=0.6)


def test_inputs_on_both_sides_are_diverse_and_on_one_are_not():
    direction = torch.tensor([1.0, 0.0])
    rows = torch.tensor([[1.0, 5.0], [2.0, -1.0], [-3.0, 0.0], [-0.1, 2.0], [0.0, 0.0]])  # the last is padding
    assert sign_diversity(rows, direction) == 1
    assert sign_diversity(rows, -direction) == 1  # a singular vector has no sign of its own
    assert sign_diversity(rows[:3], direction).item() == pytest.approx(2 / 3)
    assert sign_diversity(rows.abs(), direction) == 0


def test_the_direction_is_that_of_the_largest_singular_value():
    torch.manual_seed(0)
    weight = torch.randn(12, 8) + 2 * torch.outer(torch.randn(12), torch.randn(8))
    exact = torch.linalg.svd(weight).Vh[0]
    assert abs(principal(weight) @ exact).item() == pytest.approx(1.0, abs=1e-4)
    assert torch.equal(principal(weight), principal(weight))


def test_every_linear_layer_is_looked_at_once_and_left_as_it_was():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    inputs, found = torch.randn(2, 5, 4), {}
    with aligned(net, found):
        net(inputs)
        first = dict(found)
        net(inputs.abs())
    net(inputs)
    assert set(found) == {"0", "2"}
    assert found == first
    assert found["0"] == sign_diversity(inputs.flatten(0, 1), principal(net[0].weight))


def test_the_alarm_is_the_persons_own():
    one_sided = dataclasses.replace(HEALTHY, diversity=0.1)
    silent, monitor = Monitor(), Monitor()
    assert [silent.see(each) for each in (HEALTHY, one_sided, one_sided, one_sided)] == [None] * 4
    alarms = [monitor.see(each, least_diversity=0.3) for each in (HEALTHY, one_sided, one_sided, one_sided)]
    assert alarms[:3] == [None] * 3
    assert (alarms[3].kind, "sign diversity 0.1" in alarms[3].reason) == ("diverged", True)


def test_it_is_told_in_the_metrics_and_changes_no_weight(world, tmp_path):
    folders = [RunFolder.create(tmp_path / name) for name in ("watched", "plain")]
    methods = [world.method(), world.method()]
    for method, folder, alignment in zip(methods, folders, (0.0, None), strict=True):
        settings = FitSettings(batch=16, device="cpu", precision="32", budget="12steps", alignment=alignment)
        fit(method, world.Vectors(), world.views, settings, folder)
    watched = read_metrics(folders[0])
    assert [row["step"] for row in watched if 0 < row.get("sign_diversity", 0) <= 1] == [1, 11]
    assert not any("sign_diversity" in row for row in read_metrics(folders[1]))
    for one, other in zip(*(method.state_dict().values() for method in methods), strict=True):
        assert torch.equal(one, other)


def test_it_stops_a_run(world):
    settings = FitSettings(batch=16, device="cpu", precision="32", budget="100steps", alignment=1.0)
    outcome = fit(world.method(), world.Vectors(), world.views, settings)
    assert (outcome.ended, outcome.alarm.kind, outcome.step) == ("alarm", "diverged", 21)


def test_what_has_no_linear_layers_cannot_be_watched(world):
    method = world.method()
    method.encoder.net = nn.Sequential(nn.Conv1d(8, 16, 1))
    with pytest.raises(RecipeError, match="has none"):
        fit(method, world.Vectors(), world.views, FitSettings(alignment=0.0))
    with pytest.raises(ValueError, match="leave one of the two out"):
        FitSettings(alignment=0.0, compile=True)
