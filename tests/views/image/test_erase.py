"""Erase: what is gone is the stated rectangle, its area the stated share."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.image import Erase


def pictures(samples: int, channels: int = 3, height: int = 32, width: int = 32) -> Batch:
    values = torch.rand(samples, channels, height, width, generator=torch.Generator().manual_seed(4))
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_hole_is_the_rectangle_and_nothing_else() -> None:
    raw = pictures(40)
    view = Erase(fill=0.25)(raw, generator())
    for before, after, (top, left, height, width) in zip(raw.values, view.values, view.changes["erase"].tolist(), strict=True):
        expected = before.clone()
        expected[:, top : top + height, left : left + width] = 0.25
        assert torch.equal(after, expected)


def test_area_is_uniform_and_the_share_of_samples_as_asked() -> None:
    one = pictures(1, 1, 400, 400).values
    raw = Batch(one.expand(3000, -1, -1, -1), torch.arange(3000), torch.arange(3000))
    boxes = Erase((0.02, 0.3), (0.5, 2.0), probability=0.7).draw(raw, generator())["erase"].float()
    area = (boxes[:, 2] * boxes[:, 3] / 160000).sort().values
    assert abs((area > 0).float().mean() - 0.7) < 4 * math.sqrt(0.21 / 3000)
    area = area[area > 0]
    share = (area - 0.02) / 0.28
    assert (share - torch.arange(len(area)) / len(area)).abs().max() < 1.95 / math.sqrt(len(area)) + 0.01


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), scale=st.tuples(st.floats(0, 1), st.floats(0, 1)), steep=st.floats(1, 50)
)
@settings(max_examples=60, deadline=None)
def test_holes_lie_inside_and_have_their_area(height: int, width: int, scale: tuple[float, float], steep: float) -> None:
    low, high = sorted(scale)
    boxes = Erase((low, high), (1 / steep, steep), probability=1).draw(pictures(20, 1, height, width), generator())["erase"]
    top, left, tall, wide = boxes.unbind(1)
    assert min(top.min(), left.min(), tall.min(), wide.min()) >= 0
    assert (top + tall).max() <= height
    assert (left + wide).max() <= width
    slack = 0.5 * (tall + wide) + 1  # each side is rounded by up to half a pixel
    assert (tall * wide <= high * height * width + slack).all()
    assert (tall * wide >= low * height * width - slack).all()


def test_the_parameters_kept_redo_the_change() -> None:
    view = Erase()
    changed = view(pictures(9), generator())
    assert torch.equal(view.apply(pictures(9), changed.changes), changed.values)


@pytest.mark.parametrize("wrong", [{"scale": (0.5, 1.5)}, {"ratio": (0, 1)}, {"probability": -0.1}, {"fill": 300}])
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        Erase(**wrong)
