"""Colour against Pillow's ImageEnhance, torchvision's formulas step by step, and colorsys."""

import colorsys
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.image import Colour

LUMA = torch.tensor([0.299, 0.587, 0.114])
DRAWS = 4000


def pictures(samples: int, channels: int = 3, size: int = 10, low: float = 0.0, high: float = 1.0) -> Batch:
    share = torch.rand(samples, channels, size, size, generator=torch.Generator().manual_seed(4))
    return Batch(low + (high - low) * share, torch.arange(samples), torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def changes(factors: list[float], order: list[int] | None = None, grey: bool = False) -> dict[str, torch.Tensor]:
    return {
        "jitter": torch.tensor([factors]),
        "jitter_order": torch.tensor([order or [0, 1, 2, 3]]),
        "grey": torch.tensor([grey]),
    }


def turned(picture: torch.Tensor, shift: float) -> torch.Tensor:
    """Rodrigues' formula about (1, 1, 1), written out for one picture (3, height, width)."""
    axis, angle = torch.ones(3) / math.sqrt(3), torch.tensor(2 * math.pi * shift)
    pixels = picture.flatten(1).T
    along = (pixels @ axis)[:, None] * axis
    across = torch.linalg.cross(axis.expand_as(pixels), pixels)
    return (pixels * angle.cos() + across * angle.sin() + along * (1 - angle.cos())).T.view_as(picture)


def one_by_one(picture: torch.Tensor, factors: list[float], order: list[int], grey: bool) -> torch.Tensor:
    """torchvision's ColorJitter on one picture, step by step, without its clipping, with hue as a rotation."""
    brightness, contrast, saturation, hue = factors
    for step in order:
        shade = (LUMA[:, None, None] * picture).sum(dim=0)
        if step == 0:
            picture = brightness * picture
        elif step == 1:
            picture = contrast * picture + (1 - contrast) * shade.mean()
        elif step == 2:
            picture = saturation * picture + (1 - saturation) * shade
        else:
            picture = turned(picture, hue)
    return (LUMA[:, None, None] * picture).sum(dim=0).expand_as(picture) if grey else picture


@given(
    factors=st.tuples(st.floats(0, 2), st.floats(0, 2), st.floats(0, 2), st.floats(-0.5, 0.5)),
    order=st.permutations([0, 1, 2, 3]),
    grey=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_one_matrix_equals_the_steps_one_by_one(factors: tuple[float, ...], order: list[int], grey: bool) -> None:
    raw = pictures(1)
    expected = one_by_one(raw.values[0], list(factors), order, grey).clamp(0, 1)
    assert torch.allclose(Colour().apply(raw, changes(list(factors), order, grey))[0], expected, atol=1e-5)


@pytest.mark.parametrize(("enhancer", "place"), [(ImageEnhance.Brightness, 0), (ImageEnhance.Contrast, 1), (ImageEnhance.Color, 2)])
@pytest.mark.parametrize("factor", [0.3, 0.8, 1.4])
def test_each_step_equals_pillows_enhancer(enhancer: type, place: int, factor: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    expected = np.asarray(enhancer(Image.fromarray(pixels)).enhance(factor), dtype=np.float32)
    raw = Batch(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, torch.zeros(1), torch.zeros(1))
    factors = [1.0, 1.0, 1.0, 0.0]
    factors[place] = factor
    result = Colour().apply(raw, changes(factors))[0].permute(1, 2, 0) * 255
    assert np.abs(result.numpy() - expected).max() < 1.6  # Pillow rounds the grey picture, its mean, and the result


def test_grey_equals_pillows_l() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    raw = Batch(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, torch.zeros(1), torch.zeros(1))
    result = Colour().apply(raw, changes([1, 1, 1, 0], grey=True))[0] * 255
    assert torch.equal(result[0], result[1])
    assert np.abs(result[0].numpy() - np.asarray(Image.fromarray(pixels).convert("L"))).max() < 0.6


@pytest.mark.parametrize(("shift", "thirds"), [(1 / 3, 1), (-1 / 3, 2)])
def test_a_third_of_a_turn_equals_hsvs_and_permutes_channels(shift: float, thirds: int) -> None:
    raw = pictures(1)
    result = Colour().apply(raw, changes([1, 1, 1, shift]))
    assert torch.allclose(result, raw.values.roll(thirds, dims=1), atol=1e-6)
    red, green, blue = raw.values[0, :, 0, 0].tolist()
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    assert np.allclose(result[0, :, 0, 0], colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value), atol=1e-5)


def test_hue_leaves_grey_alone_and_keeps_the_mean_of_channels() -> None:
    colour, raw = Colour(0, 0, 0, 0.5, probability=1, grey=0), pictures(20, low=0.4, high=0.6)
    assert torch.allclose(colour(raw, generator()).values.mean(dim=1), raw.values.mean(dim=1), atol=1e-6)
    grey = raw.replace(values=raw.values[:, :1].expand(-1, 3, -1, -1))
    assert torch.allclose(colour(grey, generator()).values, grey.values, atol=1e-6)


@pytest.mark.parametrize("channels", range(1, 13))
def test_without_strength_nothing_changes(channels: int) -> None:
    raw = pictures(4, channels)
    result = Colour(0, 0, 0, 0, probability=1, grey=0)(raw, generator()).values
    assert torch.allclose(result, raw.values, atol=1e-6)


@pytest.mark.parametrize(("channels", "coloured"), [(1, True), (2, True), (4, True), (12, True), (3, False)])
def test_without_colour_only_brightness_and_contrast_change(channels: int, coloured: bool) -> None:
    raw = pictures(30, channels, low=0.4, high=0.6)
    view = Colour(probability=1, grey=1, coloured=coloured)(raw, generator())
    assert not view.changes["grey"].any()
    assert torch.equal(view.changes["jitter"][:, 2:], torch.tensor([1.0, 0.0]).expand(30, 2))
    kept = view.changes
    kept = view.changes
    for before, after, factors, order in zip(raw.values, view.values, kept["jitter"], kept["jitter_order"], strict=True):
        expected = before
        for step in order:
            if step == 0:
                expected = factors[0] * expected
            elif step == 1:
                expected = factors[1] * expected + (1 - factors[1]) * expected.mean()
        assert torch.allclose(after, expected.clamp(0, 1), atol=1e-5)


def test_factors_are_uniform_and_as_frequent_as_in_simclr() -> None:
    raw = pictures(1).select(torch.zeros(DRAWS, dtype=torch.long))
    drawn = Colour(0.8, 0.8, 1.5, 0.2).draw(raw, generator())
    jittered = (drawn["jitter"] != torch.tensor([1.0, 1.0, 1.0, 0.0])).any(dim=1)
    four_deviations = 4 * math.sqrt(0.25 / DRAWS)
    assert abs(jittered.float().mean() - 0.8) < four_deviations
    assert abs(drawn["grey"].float().mean() - 0.2) < four_deviations
    for place, (low, high) in enumerate([(0.2, 1.8), (0.2, 1.8), (0.0, 2.5), (-0.2, 0.2)]):
        share = ((drawn["jitter"][jittered, place] - low) / (high - low)).sort().values
        assert share.min() >= 0
        assert share.max() <= 1
        assert (share - torch.arange(len(share)) / len(share)).abs().max() < 1.95 / math.sqrt(len(share))
    orders, counts = drawn["jitter_order"].unique(dim=0, return_counts=True)
    assert len(orders) == 24
    assert counts.min() > DRAWS / 24 - 4 * math.sqrt(DRAWS / 24)


def test_grey_and_jitter_are_independent() -> None:
    raw = pictures(1).select(torch.zeros(DRAWS, dtype=torch.long))
    drawn = Colour(probability=0.5, grey=0.5).draw(raw, generator())
    both = torch.stack([drawn["jitter"][:, 0] != 1, drawn["grey"]]).float()
    assert abs(torch.corrcoef(both)[0, 1]) < 4 / math.sqrt(DRAWS)


def test_the_parameters_kept_redo_the_change() -> None:
    view = Colour()
    changed = view(pictures(16), generator())
    assert torch.equal(view.apply(pictures(16), changed.changes), changed.values)


@pytest.mark.parametrize("wrong", [{"brightness": -0.1}, {"hue": 0.6}, {"probability": 2}, {"grey": -1}, {"contrast": "much"}])
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Colour(**wrong)
