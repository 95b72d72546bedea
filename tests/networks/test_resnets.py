"""Residual networks have the published structure, and the narrow one that of the network it is timed against."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build


def parameters(encoder):
    return sum(each.numel() for each in encoder.parameters())


def test_narrow_structure(image_spec):
    encoder = build(image_spec(), "resnet-narrow")
    convolutions = [tuple(each.shape) for each in encoder.parameters() if each.ndim == 4]
    assert convolutions == [
        (48, 3, 4, 4),
        (96, 48, 3, 3), (96, 96, 3, 3), (96, 96, 3, 3),
        (192, 96, 3, 3), (192, 192, 3, 3), (192, 192, 3, 3),
    ]  # fmt: skip
    assert parameters(encoder) == sum(each.numel() for each in encoder.parameters() if each.ndim == 4) + 2 * (48 + 3 * 96 + 3 * 192)
    assert encoder.dim == 192


def test_narrow_computes_what_its_structure_says(image_spec, pictures):
    """Written out by hand: stem, twice (widen, halve, residual block without a last activation), average."""
    encoder = build(image_spec(), "resnet-narrow", width=4)
    batch = pictures(3)
    weights = [each for each in encoder.parameters() if each.ndim == 4]

    def step(maps, weight, stride=1):
        return F.relu(F.batch_norm(F.conv2d(maps, weight, stride=stride, padding=1), None, None, training=True))

    maps = step((batch.values - 0.5) / 0.25, weights[0], 2)
    for widen, first, second in (weights[1:4], weights[4:7]):
        maps = F.max_pool2d(step(maps, widen), 2)
        maps = maps + step(step(maps, first), second)
    torch.testing.assert_close(encoder(batch).pooled, maps.mean((2, 3)))


@pytest.mark.parametrize(("side", "left"), [(4, 2), (7, 3), (8, 2), (12, 3), (15, 3), (16, 2), (28, 3), (32, 4), (64, 8)])
def test_narrow_leaves_a_map(image_spec, pictures, side, left):
    encoder = build(image_spec(side=side), "resnet-narrow", width=2)
    assert encoder.trunk(pictures(side=side).values).shape[2:] == (left, left)


@pytest.mark.parametrize(
    ("name", "side", "stem", "expected"),
    [
        ("resnet18", 32, "small", 11_168_832),
        ("resnet18", 224, "standard", 11_176_512),
        ("resnet34", 224, "standard", 21_284_672),
        ("resnet50", 224, "standard", 23_508_032),
    ],
)
def test_published_parameter_counts(image_spec, name, side, stem, expected):
    encoder = build(image_spec(side=side), name)
    assert encoder.settings["stem"] == stem
    assert parameters(encoder) == expected


@pytest.mark.parametrize(("stem", "left"), [("small", 4), ("standard", 1)])
def test_stems(image_spec, pictures, stem, left):
    trunk = build(image_spec(), "resnet18", stem=stem).trunk
    assert trunk(pictures().values).shape == (2, 512, left, left)


def test_views_of_other_sizes(image_spec, pictures):
    encoder = build(image_spec(), "resnet-narrow", width=2)
    assert "any-size" in encoder.capabilities
    for side in (8, 20, 64):
        assert encoder(pictures(side=side)).pooled.shape == (2, 8)
    with pytest.raises(RecipeError, match="views of 7 pixels are too small"):
        encoder(pictures(side=7))


def test_tokens_are_places_of_the_last_map_and_no_pieces_of_the_picture(image_spec, pictures):
    encoder = build(image_spec(), "resnet-narrow", width=2)
    features = encoder(pictures(), layers=True)
    assert torch.allclose(features.tokens.mean(1), features.pooled, atol=1e-6)
    assert encoder.token_places(pictures(), features.tokens.shape[1]).shape == (*features.tokens.shape[:2], 2)
    assert "tokens" not in encoder.capabilities
    for ask in (encoder.token_grid, encoder.content_size, lambda: encoder.token_content(pictures())):
        with pytest.raises(RecipeError, match="vit-tiny"):
            ask()
    with pytest.raises(RecipeError, match="vit-tiny"):
        encoder(pictures(), TokenMask(torch.zeros(2, 4, dtype=torch.bool)))
