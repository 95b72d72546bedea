"""Linear layers with a learned largest singular value: the same function at first, whatever the weights' scale later."""

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError
from selflearn.networks import build, load_encoder, save_encoder
from selflearn.networks.sigma import SigmaLinear


def layer(inputs=6, outputs=4, seed=0):
    torch.manual_seed(seed)
    return SigmaLinear(nn.Linear(inputs, outputs))


def largest(weight):
    return torch.linalg.svdvals(weight.detach())[0].item()


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (1, 3)])
def test_it_begins_as_the_layer_it_stands_for(shape):
    torch.manual_seed(0)
    own = nn.Linear(*shape)
    inputs = torch.randn(5, shape[0])
    before = own(inputs)
    made = SigmaLinear(own).eval()
    assert torch.allclose(made(inputs), before, atol=1e-6)
    assert made.gain.item() == pytest.approx(largest(own.weight), rel=1e-5)


def test_only_the_gain_sets_its_strength():
    made, inputs = layer().eval(), torch.randn(5, 6)
    before = made(inputs)
    with torch.no_grad():
        made.weight.mul_(7.0)
    assert torch.allclose(made(inputs), before, atol=1e-5)
    with torch.no_grad():
        made.gain.mul_(2.0)
    assert torch.allclose(made(inputs) - made.bias, 2 * (before - made.bias), atol=1e-5)


def test_the_direction_follows_weights_that_learn():
    made = layer(16, 12)
    optimiser = torch.optim.SGD(made.parameters(), lr=0.1)
    for step in range(60):
        torch.manual_seed(step)
        optimiser.zero_grad()
        (made(torch.randn(32, 16)) - torch.randn(32, 12)).square().mean().backward()
        optimiser.step()
    sigma = (made.weight @ made.direction).norm().item()
    assert sigma == pytest.approx(largest(made.weight), rel=0.02)


def test_a_step_along_the_weight_changes_nothing():
    """The function does not depend on the weight's scale, so its gradient has no part along the weight."""
    made = layer()
    made(torch.randn(5, 6)).square().sum().backward()
    assert (made.weight.grad * made.weight).sum().item() == pytest.approx(0, abs=1e-4)
    assert made.gain.grad.abs().item() > 1e-3


def test_two_passes_share_a_backward_and_evaluation_moves_nothing():
    made = layer()
    (made(torch.randn(3, 6)) + made(torch.randn(3, 6))).sum().backward()
    kept = made.direction.clone()
    made.eval()(torch.randn(3, 6))
    with torch.no_grad():
        made.train()(torch.randn(3, 6))  # as a teacher looks
    assert torch.equal(made.direction, kept)


def test_any_encoder_with_linear_layers_takes_it_and_is_stored_with_it(image_spec, pictures, tmp_path):
    torch.manual_seed(0)
    encoder = build(image_spec(3), "vit-tiny", width=16, depth=2, heads=2, linear="sigma")
    torch.manual_seed(0)
    plain = build(image_spec(3), "vit-tiny", width=16, depth=2, heads=2)
    batch = pictures(4, 3)
    assert torch.allclose(encoder.eval()(batch).pooled, plain.eval()(batch).pooled, atol=1e-4)
    layers = [module for module in encoder.modules() if isinstance(module, nn.Linear)]
    assert len(layers) == 9
    assert all(isinstance(module, SigmaLinear) for module in layers)
    encoder.train()(batch).pooled.square().sum().backward()  # the power iteration moves
    save_encoder(encoder, tmp_path)
    again = load_encoder(tmp_path)
    assert torch.equal(again(batch).pooled, encoder.eval()(batch).pooled)


def test_an_encoder_without_linear_layers_and_another_word_are_refused(image_spec):
    with pytest.raises(RecipeError, match="has none"):
        build(image_spec(3), "resnet-narrow", linear="sigma")
    with pytest.raises(RecipeError, match="plain, sigma"):
        build(image_spec(3), "vit-tiny", linear="spectral")
