"""The template at the points of known methods has their losses, and their gradients up to a factor."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.recipes import load, presets_of


def made(digits, name, **options):
    torch.manual_seed(0)
    return find(name)(digits.encoder(), **{"projector": [16, 16], **options}).train()


def views_of(digits):
    return digits.views(torch.arange(20), torch.Generator().manual_seed(0))


POINTS = {
    "SimCLR": ({"joined": False}, {"loss": "contrast", "target": "student", "norms": "all"}, 1.0, 0.0),
    "BYOL": ({"predictor": 8}, {"loss": "regression", "target": "teacher", "predictor": 8}, 2.0, 0.0),
    "SimSiam": ({"predictor": 8}, {"loss": "regression", "target": "stopped", "predictor": 8}, 0.5, -1.0),
    "BarlowTwins": ({}, {"loss": "redundancy", "target": "student"}, 1.0, 0.0),
}


@pytest.mark.parametrize("name", POINTS)
def test_known_methods_are_points_of_the_grid(digits, name):
    own, choices, factor, shift = POINTS[name]
    method, template = made(digits, name, **own), made(digits, "Template", **choices)
    template.encoder.load_state_dict(method.encoder.state_dict())
    template.head = method.head
    if "predictor" in own:
        template.predict = method.predict
    if name == "BYOL":
        template.teacher_encoder, template.teacher_head = method.teacher_encoder, method.teacher_head
    template.eval()
    method.eval()
    views = views_of(digits)
    wanted, found = method(views, torch.Generator()).total, template(views, torch.Generator()).total
    assert found.item() * factor + shift == pytest.approx(wanted.item(), rel=1e-4)
    gradients = [torch.autograd.grad(total, each.encoder.parameters()) for total, each in ((wanted, method), (found, template))]
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, factor * other, rtol=1e-3, atol=1e-5)


def test_with_a_teacher_and_contrast_it_is_momentum_contrast(digits):
    views, options = views_of(digits), {"predictor": 8, "norms": "all", "queue": 30}
    method, template = made(digits, "MomentumContrast", spread=0.0, **options), made(digits, "Template", **options)
    assert template(views, torch.Generator()).total.item() == method(views, torch.Generator()).total.item()


def test_the_gradient_stops_where_the_target_is_held_still(digits):
    views, gradients = views_of(digits), {}
    for target in ("student", "stopped"):
        method = made(digits, "Template", loss="redundancy", target=target)
        method(views, torch.Generator()).total.backward()
        gradients[target] = method.head[0].weight.grad
    assert not torch.allclose(gradients["student"], gradients["stopped"], rtol=1e-2)


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({"target": "student", "queue": 30}, "target: teacher"),
        ({"target": "stopped", "symmetric": False}, "target: teacher"),
        ({"loss": "redundancy", "queue": 30}, "loss: contrast"),
        ({"loss": "regression", "objective": "sigmoid"}, "loss: contrast"),
    ],
)
def test_choices_that_exclude_each_other_are_refused(digits, options, way):
    with pytest.raises(RecipeError, match=way):
        made(digits, "Template", **options)


def test_every_preset_learns_something(digits):
    for preset in set(presets_of("template")) - {"published"}:
        options = {**load("template", preset).stages[0].options, "projector": [16, 16]}
        method = made(digits, "Template", **options)
        optimiser = torch.optim.AdamW([weight for weight in method.parameters() if weight.requires_grad], lr=3e-3)
        losses = [method.update(views_of(digits), optimiser, torch.Generator(), step / 12).total.item() for step in range(12)]
        assert losses[-1] < losses[0], preset
