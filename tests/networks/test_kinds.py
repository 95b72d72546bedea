"""Encoders are found by kind and name, refuse what they do not know, and are rebuilt from their own settings."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.data.spec import Spec
from selflearn.data.tables import TableSpec
from selflearn.errors import RecipeError
from selflearn.networks import build, default_encoder, encoder_names

TABLE = TableSpec.of_numbers(("a", "b"), mean=(0.0, 1.0), std=(1.0, 2.0))
SMALL = {
    "resnet-narrow": {"width": 2},
    "resnet18": {},
    "vit-tiny": {"width": 12, "depth": 1, "heads": 2},
    "vit-small": {"width": 8, "depth": 2, "heads": 1, "registers": 2, "pool": "class"},
}


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), side=st.integers(8, 64), channels=st.integers(1, 6))
def test_any_size_and_channels(image_spec, pictures, name, side, channels):
    encoder = build(image_spec(channels, side), name, **SMALL[name]).eval()
    features = encoder(pictures(2, channels, side))
    assert features.pooled.shape == (2, encoder.dim)
    assert features.pooled.isfinite().all()
    if "tokens" in encoder.capabilities:
        rows, columns = encoder.token_grid()
        assert features.tokens.shape == (2, rows * columns, encoder.dim)
        assert encoder.token_content(pictures(2, channels, side)).values.shape == (2, rows * columns, encoder.content_size()[0])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_settings_are_json_that_makes_the_same_again(image_spec, name):
    encoder = build(image_spec(), name, **SMALL[name])
    again = build(image_spec(), **json.loads(json.dumps(encoder.settings)))
    assert again.settings == encoder.settings
    again.load_state_dict(encoder.state_dict())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_weights_are_a_function_of_the_seed(image_spec, name):
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(build(image_spec(), name, **SMALL[name]).state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_parameter_gets_a_gradient(image_spec, pictures, name):
    encoder = build(image_spec(), name, **SMALL[name])
    encoder(pictures(4)).pooled.square().sum().backward()
    assert [key for key, each in encoder.named_parameters() if each.grad is None] == []


@pytest.mark.parametrize("name", sorted(SMALL))
def test_eval_mode_answers_for_each_sample_alone(image_spec, pictures, name):
    encoder = build(image_spec(), name, **SMALL[name])
    batch = pictures(4)
    encoder(batch)
    encoder.eval()
    before = {key: each.clone() for key, each in encoder.state_dict().items()}
    together, alone = encoder(batch).pooled, encoder(batch.select(torch.tensor([1]))).pooled
    torch.testing.assert_close(together[1:2], alone)
    assert all(torch.equal(before[key], each) for key, each in encoder.state_dict().items())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_half_precision_and_channels_last(image_spec, pictures, name):
    encoder = build(image_spec(), name, **SMALL[name])
    batch = pictures(4)
    encoder.eval()
    exact = encoder(batch).pooled
    encoder.to(memory_format=torch.channels_last)
    torch.testing.assert_close(encoder(batch).pooled, exact, rtol=1e-4, atol=1e-5)
    encoder.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pooled = encoder(batch).pooled
    pooled.float().sum().backward()
    assert pooled.isfinite().all()
    assert all(each.grad.isfinite().all() for each in encoder.parameters())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_standardisation_is_inside(image_spec, pictures, name):
    """Data of another mean and deviation, and a spec that says so, give the same features."""
    torch.manual_seed(0)
    encoder = build(image_spec(mean=0.5, std=0.25), name, **SMALL[name]).eval()
    torch.manual_seed(0)
    other = build(image_spec(mean=0.2, std=0.1), name, **SMALL[name]).eval()
    batch = pictures()
    moved = batch.replace(values=(batch.values - 0.5) / 0.25 * 0.1 + 0.2)
    torch.testing.assert_close(encoder(batch).pooled, other(moved).pooled, rtol=1e-3, atol=1e-5)
    assert {"standardise.mean", "standardise.scale"} <= set(encoder.state_dict())


def test_defaults_fit_the_machine(image_spec):
    assert default_encoder(image_spec(), accelerator=False) == "resnet-narrow"
    assert default_encoder(image_spec(), accelerator=True) == "resnet18"
    assert default_encoder(image_spec(side=224), accelerator=True) == "resnet50"
    assert default_encoder(TABLE, accelerator=True) == "mlp"
    for kind in ("image", "table"):
        assert encoder_names(kind)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet-narow", {}, "did you mean 'resnet-narrow'"),
        ("", {}, "no encoder ''"),
        ("resnet18", {"stm": "small"}, "did you mean 'stem'"),
        ("resnet18", {"stem": "large"}, "stem = 'large'"),
        ("resnet-narrow", {"width": 0}, "width = 0"),
        ("vit-tiny", {"width": 100}, "do not divide"),
        ("vit-tiny", {"width": 3, "heads": 1}, "at least 4"),
        ("vit-tiny", {"pool": "max"}, "pool = 'max'"),
        ("vit-tiny", {"registers": -1}, "registers = -1"),
    ],
)
def test_what_is_unknown_or_impossible_is_named(image_spec, name, options, message):
    with pytest.raises(RecipeError, match=message):
        build(image_spec(), name, **options)


def test_unknown_kind():
    class Smell(Spec):
        kind = "tabel"

    with pytest.raises(RecipeError, match="did you mean 'table'"):
        build(Smell(), "mlp")
    with pytest.raises(RecipeError, match="did you mean 'image'"):
        encoder_names("images")
