"""Hidden units are found between layers of weights, and one that is replaced says nothing until it has learned to."""

import pytest
import torch
from torch import nn

from selflearn.networks import build, hidden_units


def replace(units, which, mean=None):
    which = torch.tensor(which)
    units.replace(which, torch.zeros(units.count) if mean is None else mean, torch.Generator().manual_seed(0))


def test_units_lie_between_layers_of_a_sequence():
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 2))
    first, second = hidden_units(net)
    assert (first.count, second.count) == (8, 6)
    assert (first.norm, second.norm) == (net[1], None)
    net[0].requires_grad_(False)
    assert [units.count for units in hidden_units(net)] == [6]


def test_what_mixes_units_or_splits_them_into_groups_has_none():
    assert hidden_units(nn.Sequential(nn.Linear(3, 8), nn.Softmax(1), nn.Linear(8, 2))) == []
    assert hidden_units(nn.Sequential(nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, 3, groups=2))) == []
    assert hidden_units(nn.Sequential(nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(8, 2))) == []


def test_encoders_of_both_builds_have_units(image_spec):
    counts = [units.count for units in hidden_units(build(image_spec(3), "vit-tiny", depth=2, width=16, heads=2))]
    assert counts == [64, 64]
    assert [units.count for units in hidden_units(build(image_spec(3), "resnet18"))] == [64] * 2 + [128] * 2 + [256] * 2 + [512] * 2


@pytest.mark.parametrize("net", [
    nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)),
    nn.Sequential(nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 3, 3)),
])  # fmt: skip
def test_a_unit_that_never_spoke_leaves_no_gap(net):
    (units,) = hidden_units(net.eval())
    inputs = torch.randn(5, 4) if isinstance(net[0], nn.Linear) else torch.randn(5, 2, 8, 8)
    with torch.no_grad():
        (net[1] if units.norm is not None else net[0]).bias[[2, 5]] = -1e3
    before = net(inputs)
    replace(units, [2, 5])
    assert torch.allclose(net(inputs), before, atol=1e-4)
    assert units.seen(net[:-1](inputs))[:, [2, 5]].abs().sum() > 0  # and now it speaks, to nobody


def test_what_a_unit_said_on_average_stays_in_the_bias():
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    (units,) = hidden_units(net)
    with torch.no_grad():
        net[0].weight[3], net[0].bias[3] = 0.0, 2.0  # always 2
    inputs = torch.randn(5, 4)
    before, mean = net(inputs), torch.zeros(8)
    mean[3] = 2.0
    replace(units, [3], mean)
    assert torch.allclose(net(inputs), before, atol=1e-6)


def test_values_are_seen_one_row_a_place():
    net = nn.Sequential(nn.Conv2d(2, 8, 1), nn.Conv2d(8, 3, 1))
    (units,) = hidden_units(net)
    maps = torch.randn(5, 8, 4, 4)
    assert torch.allclose(units.seen(maps).mean(0), maps.mean((0, 2, 3)), atol=1e-6)
    assert hidden_units(nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 3)))[0].seen(torch.randn(5, 7, 8)).shape == (35, 8)
