"""Geometry against Pillow, torch and the closed forms of its distributions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageBatch
from selflearn.errors import RecipeError
from selflearn.views.image import Geometry


def pictures(samples: int, channels: int, height: int, width: int, aspect: float | None = None) -> ImageBatch:
    values = torch.rand(samples, channels, height, width, generator=torch.Generator().manual_seed(3))
    known = None if aspect is None else torch.full((samples,), aspect)
    return ImageBatch(values=values, index=torch.arange(samples), labels=torch.full((samples,), -1), aspect=known)


def smooth(samples: int, channels: int, size: int) -> Batch:
    """Pictures without detail near the pixel's scale, so that the kind of interpolation hardly matters."""
    coarse = pictures(samples, channels, 4, 4).values
    values = F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False).clamp(0, 1)
    return Batch(values=values, index=torch.arange(samples), labels=torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def kolmogorov(sample: torch.Tensor, cumulative: torch.Tensor) -> float:
    """Largest distance between the sample's distribution and a continuous one, whose values at the sorted sample are given."""
    n = len(sample)
    steps = torch.arange(n + 1) / n
    return float(torch.maximum((steps[1:] - cumulative).abs().max(), (steps[:-1] - cumulative).abs().max()))


DRAWS = 4000
BOUND = 1.95 / math.sqrt(DRAWS)  # Kolmogorov-Smirnov at one in a thousand; the seed is fixed


@given(size=st.integers(1, 40), channels=st.integers(1, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_no_change_is_the_identity(size: int, channels: int, seed: int) -> None:
    raw = pictures(2, channels, size, size)
    assert torch.allclose(Geometry(size)(raw, generator(seed)).values, raw.values, atol=1e-6)
    warped = Geometry(size, zoom=(1.0, 1.0 + 1e-9), rotation=1e-6)(raw, generator(seed)).values
    assert torch.allclose(warped, raw.values, atol=1e-4)


def test_bytes_are_scaled_exactly() -> None:
    raw = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    view = Geometry(16, high=255)(Batch(raw, torch.zeros(1), torch.zeros(1)), generator())
    assert torch.allclose(view.values, raw / 255, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.int16, torch.float64])
def test_any_stored_type_is_brought_to_the_unit_scale(dtype: torch.dtype) -> None:
    raw = torch.tensor([100.0, 200.0, 300.0, 5000.0]).to(dtype).view(1, 1, 2, 2)
    view = Geometry(2, low=100, high=300)(Batch(raw, torch.zeros(1), torch.zeros(1)), generator())
    assert torch.allclose(view.values.flatten(), torch.tensor([0.0, 0.5, 1.0, 1.0]))


@pytest.mark.parametrize("warped", [False, True])
def test_flips_are_exact(warped: bool) -> None:
    raw = pictures(64, 2, 9, 9)
    view = Geometry(9, horizontal_flip=0.5, vertical_flip=0.5, rotation=1e-7 if warped else 0)(raw, generator())
    tolerance = 1e-4 if warped else 1e-6
    for before, after, (across, down) in zip(raw.values, view.values, view.changes["flip"], strict=True):
        axes = [axis for axis, flipped in ((2, across), (1, down)) if flipped]
        assert torch.allclose(after, before.flip(axes), atol=tolerance)
    assert len({tuple(row) for row in view.changes["flip"].tolist()}) == 4


@pytest.mark.parametrize(("stored", "size"), [(32, 32), (48, 20), (70, 16), (17, 40)])
def test_crops_equal_pillows_bilinear_resize_of_the_box(stored: int, size: int) -> None:
    raw = pictures(12, 1, stored, stored)
    view = Geometry(size, scale=(0.2, 1.0))(raw, generator())
    for picture, result, (left, top, width, height) in zip(raw.values, view.values, view.changes["crop"] * stored, strict=True):
        box = tuple(float(side) for side in (left, top, left + width, top + height))
        expected = Image.fromarray(picture[0].numpy()).resize((size, size), Image.Resampling.BILINEAR, box=box)
        assert np.allclose(result[0].numpy(), np.asarray(expected), atol=2e-5)


def test_whole_pictures_equal_torchs_antialiased_resize() -> None:
    raw = pictures(3, 3, 60, 60)
    expected = F.interpolate(raw.values, size=(25, 25), mode="bilinear", antialias=True, align_corners=False)
    assert torch.allclose(Geometry(25)(raw, generator()).values, expected, atol=1e-5)


def test_both_resamplings_agree_where_both_apply() -> None:
    raw = smooth(16, 3, 32)
    upright = Geometry(24, scale=(0.1, 0.5), horizontal_flip=0.5, vertical_flip=0.5)
    warped = Geometry(24, scale=(0.1, 0.5), horizontal_flip=0.5, vertical_flip=0.5, rotation=1e-5)
    assert torch.allclose(upright(raw, generator()).values, warped(raw, generator()).values, atol=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_turns_against_the_clock_as_pillow_does(turns: int) -> None:
    raw = smooth(1, 1, 24)
    view = Geometry(24, rotation=180)
    changes = view.draw(raw, generator()) | {"warp": torch.tensor([[turns * math.pi / 2, 1.0, 0.0]])}
    assert torch.allclose(view.apply(raw, changes), torch.rot90(raw.values, turns, (2, 3)), atol=1e-4)


@pytest.mark.parametrize(("zoom", "slant"), [(1.5, 0.0), (0.8, 0.0), (1.0, 0.4), (1.3, -0.3)])
def test_zoom_and_shear_equal_pillows_affine_transform(zoom: float, slant: float) -> None:
    size, raw = 32, smooth(1, 1, 32)
    view = Geometry(size, rotation=10, zoom=(0.5, 2.0))
    changes = view.draw(raw, generator()) | {"warp": torch.tensor([[0.0, zoom, slant]])}
    middle = (size - 1) / 2 + 0.5
    matrix = (1 / zoom, slant / zoom, middle - middle * (1 + slant) / zoom, 0, 1 / zoom, middle - middle / zoom)
    expected = Image.fromarray(raw.values[0, 0].numpy()).transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    inside = np.asarray(Image.new("F", (size, size), 1.0).transform((size, size), Image.Transform.AFFINE, matrix)) > 0
    inside[:2] = inside[-2:] = inside[:, :2] = inside[:, -2:] = False
    assert np.abs(view.apply(raw, changes)[0, 0].numpy() - np.asarray(expected))[inside].max() < 0.01


def test_turned_reduction_does_not_alias() -> None:
    stripes = torch.zeros(1, 1, 96, 96)
    stripes[..., ::2] = 1.0
    raw = Batch(stripes, torch.zeros(1), torch.zeros(1)).select(torch.zeros(50, dtype=torch.long))
    view = Geometry(16, rotation=45)(raw, generator())
    assert (view.values - 0.5)[:, :, 3:-3, 3:-3].abs().max() < 0.05


def test_area_is_uniform_and_log_ratio_uniform_where_every_crop_fits() -> None:
    raw = pictures(1, 1, 32, 32).select(torch.zeros(DRAWS, dtype=torch.long))
    crop = Geometry(8, scale=(0.1, 0.7)).draw(raw, generator())["crop"]
    area, ratio = (crop[:, 2] * crop[:, 3]).sort().values, (crop[:, 2] / crop[:, 3]).log().sort().values
    assert kolmogorov(area, (area - 0.1) / 0.6) < BOUND
    assert kolmogorov(ratio, (ratio + math.log(4 / 3)) / (2 * math.log(4 / 3))) < BOUND
    place = (crop[:, 0] / (1 - crop[:, 2])).sort().values
    assert kolmogorov(place, place) < BOUND


def test_area_follows_the_rejection_of_crops_that_do_not_fit() -> None:
    """A square picture keeps an area s if |log r| <= -log s: with certainty up to 3/4, else with probability -log s / log(4/3)."""
    raw = pictures(1, 1, 32, 32).select(torch.zeros(DRAWS, dtype=torch.long))
    area = Geometry(8, scale=(0.08, 1.0)).draw(raw, generator())["crop"][:, 2:].prod(dim=1).sort().values
    edge, log_ratio = 0.75, math.log(4 / 3)
    beyond = (area - area * area.log() - (edge - edge * math.log(edge))) / log_ratio
    mass = torch.where(area <= edge, area - 0.08, (edge - 0.08) + beyond)
    whole = (edge - 0.08) + (1 - (edge - edge * math.log(edge))) / log_ratio
    assert kolmogorov(area, mass / whole) < BOUND


@given(aspect=st.floats(0.05, 20), low=st.floats(0.01, 1), ratio=st.floats(0.2, 1))
@settings(max_examples=60, deadline=None)
def test_crops_lie_inside_and_keep_true_proportions(aspect: float, low: float, ratio: float) -> None:
    raw = pictures(32, 1, 12, 12, aspect=aspect)
    crop = Geometry(8, scale=(low, 1.0), ratio=(ratio, 1 / ratio)).draw(raw, generator())["crop"]
    assert crop[:, :2].min() >= 0
    assert (crop[:, :2] + crop[:, 2:]).max() <= 1 + 1e-5
    true_ratio = crop[:, 2] / crop[:, 3] * aspect
    assert true_ratio.min() >= ratio * 0.999
    assert true_ratio.max() <= 1.001 / ratio


def test_flips_come_as_often_as_asked() -> None:
    raw = pictures(1, 1, 4, 4).select(torch.zeros(DRAWS, dtype=torch.long))
    flips = Geometry(4, horizontal_flip=0.5, vertical_flip=0.1).draw(raw, generator())["flip"].float().mean(dim=0)
    assert torch.allclose(flips, torch.tensor([0.5, 0.1]), atol=4 * math.sqrt(0.25 / DRAWS))


def test_warps_fill_their_ranges_evenly() -> None:
    raw = pictures(1, 1, 4, 4).select(torch.zeros(DRAWS, dtype=torch.long))
    angle, zoom, slant = Geometry(4, rotation=30, zoom=(0.5, 2.0), shear=20).draw(raw, generator())["warp"].unbind(1)
    limits = (math.radians(30), math.log(2), math.radians(20))
    for drawn, limit in zip((angle, zoom.log(), slant.atan()), limits, strict=True):
        ordered = drawn.sort().values
        assert kolmogorov(ordered, (ordered + limit) / (2 * limit)) < BOUND


@pytest.mark.parametrize("aspect", [2.0, 0.5, 5.0])
def test_evaluation_shows_the_whole_picture_in_true_proportions(aspect: float) -> None:
    """A disc that was squashed to be stored is round again, as large as a picture that fits whole allows."""
    size, radius = 120, 0.3 * min(aspect, 1)
    place = (torch.arange(size) + 0.5) / size - 0.5
    disc = ((place[None] * aspect) ** 2 + place[:, None] ** 2 < radius**2).float().view(1, 1, size, size)
    raw = ImageBatch(disc, torch.zeros(1), torch.zeros(1), aspect=torch.tensor([aspect]))
    seen = radius * size / max(aspect, 1)
    window = slice(size // 2 - round(1.3 * seen), size // 2 + round(1.3 * seen))
    middle = Geometry(size)(raw, generator()).values[0, 0, window, window]
    assert abs(float(middle.sum()) - math.pi * seen**2) < 0.03 * math.pi * seen**2
    for side in ((middle > 0.5).any(dim=0).sum(), (middle > 0.5).any(dim=1).sum()):
        assert abs(int(side) - 2 * seen) <= 2


@pytest.mark.parametrize(("height", "width"), [(20, 40), (40, 20)])
def test_a_stored_picture_that_is_not_square_gets_reflected_borders(height: int, width: int) -> None:
    raw = pictures(2, 3, height, width)
    view = Geometry(40)(raw, generator()).values
    across = width > height
    middle = view[:, :, 10:30] if across else view[:, :, :, 10:30]
    border = view[:, :, :10] if across else view[:, :, :, :10]
    assert torch.allclose(middle, raw.values, atol=1e-6)
    mirrored = raw.values[:, :, :10].flip(2) if across else raw.values[:, :, :, :10].flip(3)
    assert torch.allclose(border, mirrored, atol=1e-6)


def test_many_pictures_equal_each_alone() -> None:
    raw = pictures(40, 3, 130, 130)
    for view in (Geometry(64, scale=(0.2, 1.0)), Geometry(64, scale=(0.2, 1.0), rotation=20)):
        changes = view.draw(raw, generator())
        alone = [view.apply(raw.select(rows), {k: v[rows] for k, v in changes.items()}) for rows in torch.arange(40).split(1)]
        assert torch.allclose(view.apply(raw, changes), torch.cat(alone), atol=1e-5)


def test_the_parameters_kept_redo_the_change() -> None:
    raw = pictures(8, 3, 20, 20)
    view = Geometry(16, scale=(0.2, 1.0), horizontal_flip=0.5, rotation=30, shear=10, zoom=(0.8, 1.2))
    changed = view(raw, generator())
    assert torch.equal(view.apply(raw, changed.changes), changed.values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0},
        {"size": 8.5},
        {"scale": (0.5, 0.2)},
        {"scale": (0, 1)},
        {"scale": 0.5},
        {"horizontal_flip": 1.5},
        {"rotation": -1},
        {"zoom": (0, 1)},
        {"shear": 90},
        {"low": 1, "high": 1},
        {"ratio": (-1, 1)},
    ],
)
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Geometry(**({"size": 8} | wrong))


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(RecipeError, match="channels"):
        Geometry(8)(Batch(torch.rand(3, 8), torch.arange(3), torch.arange(3)), generator())
