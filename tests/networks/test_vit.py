"""Hidden tokens are not seen, dropping equals never having had them, and positions follow the content."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, random_mask
from selflearn.networks.patches import join_patches
from selflearn.networks.transformer import grid_positions


@pytest.fixture
def vit(image_spec):
    torch.manual_seed(0)
    return build(image_spec(), "vit-tiny", width=24, depth=2, heads=2, registers=2).eval()


@pytest.fixture
def hidden(vit):
    return random_mask(2, vit.token_grid(), 0.75, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "millions"), [("vit-tiny", 5.5), ("vit-small", 21.7), ("vit-base", 85.8), ("vit-large", 303.3)])
def test_published_parameter_counts(image_spec, name, millions):
    with torch.device("meta"):
        encoder = build(image_spec(side=224), name)
    assert encoder.settings["patch"] == 16
    assert sum(each.numel() for each in encoder.parameters()) == pytest.approx(millions * 1e6, rel=0.01)


@pytest.mark.parametrize(("side", "patch"), [(8, 2), (16, 2), (28, 4), (32, 4), (64, 8), (96, 8), (224, 16)])
def test_patch_follows_the_size(image_spec, side, patch):
    assert build(image_spec(side=side), "vit-tiny", depth=1).settings["patch"] == patch


def test_dropping_equals_encoding_the_visible_alone(vit, pictures, hidden):
    """Against attention that is forbidden to look at hidden tokens, done by hand."""
    batch = pictures()
    features = vit(batch, TokenMask(hidden))
    tokens = vit.embed(vit.token_content(batch).values) + grid_positions(vit.token_grid(), vit.dim)
    extra = torch.cat([vit.class_token, vit.registers], 1).expand(2, -1, -1)
    real = torch.cat([torch.ones(2, 3, dtype=torch.bool), ~hidden], 1)
    output, _ = vit.transformer(torch.cat([extra, tokens], 1), real)
    expected = output[:, 3:][~hidden].reshape(2, -1, vit.dim)
    torch.testing.assert_close(features.tokens, expected)
    torch.testing.assert_close(features.pooled, expected.mean(1))


@pytest.mark.parametrize("how", ["drop", "replace"])
def test_hidden_pixels_have_no_influence(vit, pictures, hidden, how):
    batch = pictures()
    batch.values.requires_grad_()
    features = vit(batch, TokenMask(hidden, how), layers=True)
    (features.pooled.sum() + sum(each.square().sum() for each in features.layers)).backward()
    cut = vit.token_content(batch.replace(values=batch.values.grad + 0.5)).values
    assert (cut[hidden] == 0).all()
    assert (cut[~hidden] != 0).any(-1).all()


def test_replacing_keeps_every_place(vit, pictures, hidden):
    features = vit(pictures(), TokenMask(hidden, "replace"))
    assert features.tokens.shape == vit(pictures()).tokens.shape
    none = torch.zeros_like(hidden)
    torch.testing.assert_close(vit(pictures(), TokenMask(none, "replace")).tokens, vit(pictures()).tokens)
    torch.testing.assert_close(vit(pictures(), TokenMask(none)).tokens, vit(pictures()).tokens)


def test_rows_may_differ_when_replaced_but_not_when_dropped(vit, pictures, hidden):
    hidden = hidden.clone()
    hidden[0] = False
    vit(pictures(), TokenMask(hidden, "replace"))
    with pytest.raises(RecipeError, match="same number"):
        vit(pictures(), TokenMask(hidden))


def test_masks_that_do_not_fit(vit, pictures, hidden):
    with pytest.raises(RecipeError, match="does not fit"):
        vit(pictures(), TokenMask(hidden[:, :-1]))
    with pytest.raises(RecipeError, match="'drop', 'replace' or 'show'"):
        vit(pictures(), TokenMask(hidden, "erase"))


def test_token_content_is_the_standardised_picture(vit, pictures):
    batch = pictures()
    restored = join_patches(vit.token_content(batch).values, vit.token_grid(), 3, 32, 32)
    torch.testing.assert_close(restored, (batch.values - 0.5) / 0.25)


def test_moved_content_is_another_content(vit, pictures):
    """Positions matter: the same patches in another order are pooled to another vector; without positions to the same."""
    batch = pictures()
    shuffled = batch.replace(values=batch.values.flip(2).flip(3))
    assert not torch.allclose(vit(batch).pooled, vit(shuffled).pooled, atol=1e-4)
    vit.positions.zero_()
    patches = vit.token_content(batch).values
    order = torch.randperm(patches.shape[1], generator=torch.Generator().manual_seed(0))
    mixed = batch.replace(values=join_patches(patches[:, order], vit.token_grid(), 3, 32, 32) * 0.25 + 0.5)
    torch.testing.assert_close(vit(batch).pooled, vit(mixed).pooled)


@pytest.mark.parametrize("side", [12, 32, 33, 48])
def test_views_of_other_sizes(vit, pictures, side):
    features = vit(pictures(side=side))
    assert features.tokens.shape == (2, (-(-side // 4)) ** 2, vit.dim)


def test_size_is_the_native_grid(image_spec, pictures):
    """A view half as large spans the same positions: an encoder made for it has another idea of where things are."""
    encoder = build(image_spec(), "vit-tiny", width=24, depth=1, heads=2, size=16, patch=4)
    assert encoder.token_grid() == (4, 4)
    assert encoder(pictures(side=32)).tokens.shape == (2, 64, 24)


def test_pooling(image_spec, pictures):
    torch.manual_seed(0)
    mean = build(image_spec(), "vit-tiny", width=24, depth=1, heads=2)
    one = build(image_spec(), "vit-tiny", width=24, depth=1, heads=2, pool="class")
    one.load_state_dict(mean.state_dict())
    features = mean(pictures())
    torch.testing.assert_close(features.pooled, features.tokens.mean(1))
    torch.testing.assert_close(one(pictures()).tokens, features.tokens)
    assert not torch.allclose(one(pictures()).pooled, features.pooled, atol=1e-3)


def test_layers_in_order(vit, pictures):
    features = vit(pictures(), layers=True)
    assert [each.shape for each in features.layers] == [features.tokens.shape] * 2
    torch.testing.assert_close(vit.transformer.norm(features.layers[-1]), features.tokens)
    assert vit(pictures()).layers == ()


def test_fixed_patches_are_as_they_were_drawn_and_the_rest_learns(image_spec, pictures):
    torch.manual_seed(0)
    fixed = build(image_spec(), "vit-tiny", width=24, depth=1, heads=2, fixed_patches=True)
    before = {name: weight.clone() for name, weight in fixed.named_parameters()}
    optimiser = torch.optim.SGD([weight for weight in fixed.parameters() if weight.requires_grad], lr=0.1)
    fixed(pictures()).pooled.square().sum().backward()
    optimiser.step()
    still = {name for name, weight in fixed.named_parameters() if torch.equal(weight, before[name])}
    assert still & {"embed.weight", "embed.bias"} == {"embed.weight", "embed.bias"}
    assert not {name for name in still if name.startswith("transformer") and "norm" not in name}
    again = build(image_spec(), **fixed.settings)
    assert not again.embed.weight.requires_grad
    assert build(image_spec(), "vit-tiny", width=24, depth=1, heads=2).embed.weight.requires_grad
