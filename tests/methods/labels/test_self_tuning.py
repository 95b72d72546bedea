"""Levels follow held-out samples through what the head knows of them, and weights follow the others."""

import pytest
import torch

from selflearn.methods import find
from selflearn.networks import ResponsiveLinear
from tests.methods.labels.test_cross_entropy import Line, batch


def method(**options):
    torch.manual_seed(0)
    return find("SelfTuning")(Line(), **{"classes": 3, "hidden": 16, **options})


def losses(model, view):
    return model([view], torch.Generator().manual_seed(0)).losses


def test_without_hyperparameters_a_responsive_layer_is_a_layer():
    layer, inputs = ResponsiveLinear(4, 3, 2), torch.randn(5, 4)
    assert torch.equal(layer(inputs, torch.zeros(5, 2)), layer.own(inputs))


def test_each_sample_has_weights_of_its_own_level():
    layer, inputs, levels = ResponsiveLinear(4, 3, 2), torch.randn(5, 4), torch.randn(5, 2)
    told = layer(inputs, levels)
    for row in range(5):
        weight, bias = layer.gates(levels[row]).chunk(2)
        own = (layer.own.weight + weight[:, None] * layer.response.weight) @ inputs[row]
        assert torch.allclose(told[row], own + layer.own.bias + bias * layer.response.bias, atol=1e-5)


def test_each_side_moves_its_own():
    model, view = method(entropy=0.0), batch([0, 1, 2, 1, 0, 2, 1, 0])
    levels = {name for name, _ in model.named_parameters() if name in {"head.moved", "head.spread"}}
    found = losses(model, view)
    for name, expected in (("held_out", levels), ("cross_entropy", {name for name, _ in model.named_parameters()} - levels)):
        model.zero_grad()
        found[name].backward(retain_graph=True)
        moved = {name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()}
        assert moved <= expected, name
        assert moved, name


def test_held_out_labels_teach_weights_nothing():
    model, view = method(), batch([0, 1, 2, 1, 0, 2])
    other = view.replace(labels=torch.tensor([2, 1, 2, 1, 0, 0]))  # those of samples 0 and 5 differ
    assert losses(model, view)["cross_entropy"] == losses(model, other)["cross_entropy"]
    assert losses(model, view)["held_out"] != losses(model, other)["held_out"]


def tuned(labels, steps=250):
    model = method(pace=30.0, entropy=0.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    view = batch([0] * 60, seed=3)
    view = view.replace(labels=labels(view.values))
    for step in range(steps):
        model.update([view], optimiser, torch.Generator().manual_seed(step))
    return {name: value.item() for name, value in model([view], torch.Generator()).told.items()}


def test_labels_that_mean_nothing_are_learned_gently_and_true_ones_are_not():
    noise = tuned(lambda values: torch.randint(0, 3, (len(values),), generator=torch.Generator().manual_seed(1)))
    truth = tuned(lambda values: values.argmax(1))
    assert set(noise) == {"dropout", "hidden_dropout", "smoothing"}
    assert max(noise.values()) > 0.3 > 3 * max(truth.values())  # which of the three it takes is chance


def test_a_head_alone_answers_at_the_present_levels():
    model, view = method(), batch([0, 1, 2])
    pooled = model.encoder(view).pooled
    assert torch.allclose(model.alone(pooled), model.head(pooled, model.head.levels.expand(3, -1)))
    assert model.head.rates(model.head.levels)[0].item() == pytest.approx(0.95 / (1 + 2.718281828**3), rel=1e-4)
