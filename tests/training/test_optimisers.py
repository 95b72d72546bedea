"""Optimisers: LARS against its publication's numbers and laws; who is decayed and who is not."""

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError
from selflearn.training import Lars, OptimiserSettings, make_optimiser


def step(weight, gradient, optimiser):
    weight.grad = gradient.clone()
    optimiser.step()


def test_lars_by_hand():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    optimiser = Lars([weight], lr=2.0, momentum=0.5, weight_decay=0.1, trust=0.01)
    step(weight, torch.tensor([[0.7, -0.4]]), optimiser)
    # d = g + 0.1 w = (1, 0), |w| = 5, factor 0.05: m = (0.05, 0), w = w - 2 m
    assert torch.allclose(weight, torch.tensor([[2.9, 4.0]]))
    step(weight, -0.1 * weight.detach() + torch.tensor([[0.0, 1.0]]), optimiser)
    length = (2.9**2 + 4.0**2) ** 0.5
    expected = torch.tensor([[2.9 - 2 * 0.025, 4.0 - 2 * 0.01 * length]])
    assert torch.allclose(weight, expected)


def test_lars_moves_by_a_share_of_the_weight_whatever_the_gradients_size():
    moves = []
    for size in (1e-4, 1.0, 1e4):
        torch.manual_seed(0)
        weight = nn.Parameter(torch.randn(5, 3))
        before = weight.detach().clone()
        step(weight, size * torch.randn(5, 3), Lars([weight], lr=1.0, momentum=0.0, trust=0.02))
        moves.append(float((weight.detach() - before).norm() / before.norm()))
    assert moves == pytest.approx([0.02] * 3, rel=1e-4)


def test_lars_without_adaptation_is_sgd_with_momentum():
    torch.manual_seed(0)
    ours = nn.Parameter(torch.randn(4))
    theirs = nn.Parameter(ours.detach().clone())
    lars = Lars([{"params": [ours], "adapt": False}], lr=0.1, momentum=0.9, weight_decay=0.01)
    sgd = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(5):
        gradient = torch.randn(4)
        step(ours, gradient, lars)
        step(theirs, gradient, sgd)
    assert torch.allclose(ours, theirs)


def test_lars_with_a_zero_weight_or_gradient_stays_finite():
    for weight, gradient in ((torch.zeros(2, 2), torch.ones(2, 2)), (torch.ones(2, 2), torch.zeros(2, 2))):
        parameter = nn.Parameter(weight)
        step(parameter, gradient, Lars([parameter], lr=0.1))
        assert torch.isfinite(parameter).all()
    assert torch.equal(parameter, torch.ones(2, 2))


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lars"])
def test_biases_and_norms_are_not_decayed(name):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    optimiser = make_optimiser(model, OptimiserSettings(name=name, lr=0.1, weight_decay=0.5), 256)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    moved = [not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True)]
    assert moved == [True, False, False, False]  # weight; bias, scale and shift


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lars"])
def test_what_is_frozen_stays(name):
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    optimiser = make_optimiser(model, OptimiserSettings(name=name), 256)
    assert sum(len(group["params"]) for group in optimiser.param_groups) == 2


def test_rates_scale_with_the_batch_and_biases_may_have_their_own():
    settings = OptimiserSettings(name="lars", lr=0.2, lr_biases=0.0048, per=256)
    weights, biases = make_optimiser(nn.Linear(2, 2), settings, 1024).param_groups
    assert weights["peak"] == pytest.approx(0.8)
    assert biases["peak"] == pytest.approx(0.0192)
    assert weights["adapt"]
    assert not biases["adapt"]


def test_the_decay_of_adam_is_part_of_the_gradient_and_that_of_adamw_is_not():
    moved = {}
    for name in ("adam", "adamw"):
        model = nn.Linear(2, 1, bias=False)
        nn.init.ones_(model.weight)
        optimiser = make_optimiser(model, OptimiserSettings(name=name, lr=0.1, weight_decay=0.5), 256)
        model.weight.grad = torch.zeros_like(model.weight)
        optimiser.step()
        moved[name] = 1 - model.weight[0, 0].item()
    assert moved["adam"] == pytest.approx(0.1)  # a first step of Adam is as long as the rate, whatever the gradient
    assert moved["adamw"] == pytest.approx(0.05)


class Fine(nn.Module):
    """A method with an encoder of three layers between embeddings and a norm, and a head."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.token = nn.Parameter(torch.zeros(1, 2))
        self.encoder.embed = nn.Linear(2, 2)
        self.encoder.blocks = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
        self.encoder.norm = nn.LayerNorm(2)
        self.head = nn.Linear(2, 2)


@pytest.mark.parametrize("name", ["adamw", "lars"])
def test_a_layer_learns_at_a_share_of_the_rate_of_the_layer_above_it(name):
    model = Fine()
    optimiser = make_optimiser(model, OptimiserSettings(name=name, lr=0.8, lr_biases=0.4, layer_decay=0.5), 256)
    peaks = {weight: group["peak"] for group in optimiser.param_groups for weight in group["params"]}
    encoder = model.encoder
    assert [peaks[each.weight] for each in (encoder.embed, *encoder.blocks)] == pytest.approx([0.05, 0.1, 0.2, 0.4])
    assert peaks[encoder.token] == pytest.approx(0.05)
    assert (peaks[encoder.blocks[2].bias], peaks[encoder.norm.weight]) == pytest.approx((0.2, 0.4))
    assert peaks[model.head.weight] == optimiser.param_groups[0]["lr"] == 0.8  # what the metrics tell
    assert len(peaks) == len(list(model.parameters()))


def test_a_layer_decay_of_one_leaves_two_groups():
    assert [group["decayed"] for group in make_optimiser(Fine(), OptimiserSettings(), 256).param_groups] == [True, False]


def test_layers_that_are_not_there_cannot_learn_slower():
    with pytest.raises(RecipeError, match="Linear has none"):
        make_optimiser(nn.Linear(2, 2), OptimiserSettings(layer_decay=0.5), 256)
    model = Fine()
    model.encoder = nn.Linear(2, 2)
    with pytest.raises(RecipeError, match="no sequence of layers"):
        make_optimiser(model, OptimiserSettings(layer_decay=0.5), 256)


def test_nothing_to_train_is_refused():
    with pytest.raises(RecipeError, match="no trainable parameters"):
        make_optimiser(nn.ReLU(), OptimiserSettings(), 256)
