"""Blur against scipy's Gaussian filter, one picture at a time."""

import math

import numpy as np
import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.image import Blur
from selflearn.views.image.blur import gaussian_blur


def pictures(samples: int, channels: int = 3, height: int = 24, width: int = 30) -> Batch:
    values = torch.rand(samples, channels, height, width, generator=torch.Generator().manual_seed(4))
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("channels", [1, 3, 7, 12])
def test_each_picture_equals_scipys_filter_of_its_own_width(channels: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    raw, sigma = pictures(4, channels), torch.tensor([0.1, 0.7, 1.3, 2.0])
    result = gaussian_blur(raw.values, sigma, radius=6)
    for picture, blurred, width in zip(raw.values, result, sigma.tolist(), strict=True):
        for before, after in zip(picture.numpy(), blurred.numpy(), strict=True):
            assert np.allclose(after, ndimage.gaussian_filter(before, width, mode="mirror", truncate=6 / width), atol=1e-5)


def test_a_constant_picture_stays_and_the_range_is_kept() -> None:
    flat = pictures(3).replace(values=torch.full((3, 3, 24, 24), 0.3))
    assert torch.allclose(Blur(probability=1)(flat, generator()).values, flat.values)
    assert Blur(probability=1)(pictures(8), generator()).values.max() <= 1


def test_only_chosen_pictures_change_and_as_often_as_asked() -> None:
    raw = pictures(60)
    view = Blur((0.5, 2.0), probability=0.5)(raw, generator())
    same = torch.tensor([torch.equal(a, b) for a, b in zip(raw.values, view.values, strict=True)])
    assert torch.equal(same, view.changes["blur"] == 0)
    drawn = Blur((0.1, 2.0), probability=0.1).draw(pictures(1).select(torch.zeros(4000, dtype=torch.long)), generator())["blur"]
    assert abs((drawn > 0).float().mean() - 0.1) < 4 * math.sqrt(0.09 / 4000)
    width = drawn[drawn > 0].sort().values
    assert ((width - 0.1) / 1.9 - torch.arange(len(width)) / len(width)).abs().max() < 1.95 / math.sqrt(len(width))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 9), (3, 3)])
def test_tiny_pictures_are_blurred_as_far_as_they_reach(height: int, width: int) -> None:
    raw = pictures(5, 2, height, width)
    result = Blur((2.0, 2.0), probability=1)(raw, generator()).values
    assert result.shape == raw.values.shape
    assert torch.isfinite(result).all()


def test_the_parameters_kept_redo_the_change() -> None:
    view = Blur()
    changed = view(pictures(9), generator())
    assert torch.equal(view.apply(pictures(9), changed.changes), changed.values)


@pytest.mark.parametrize("wrong", [{"sigma": (2, 1)}, {"sigma": (0, 1)}, {"sigma": 1}, {"probability": 1.1}])
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Blur(**wrong)
