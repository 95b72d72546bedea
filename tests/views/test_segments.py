"""Segments: what they follow, where the sample is looked up, and which kinds have them."""

import pytest
import torch

from selflearn import views
from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.views.segments import segments, segments_at


def test_halves_that_look_unlike_are_two_segments():
    picture = torch.zeros(1, 1, 8, 8)
    picture[..., 5:] = 1.0
    found = segments(picture, 4, compactness=0.0)
    left, right = found[..., :5].unique(), found[..., 5:].unique()
    assert not set(left.tolist()) & set(right.tolist())


def test_where_place_alone_counts_they_are_a_grid():
    noise = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = segments(noise, 4, compactness=1000.0)
    expected = torch.tensor([[0, 1], [2, 3]]).repeat_interleave(4, 0).repeat_interleave(4, 1)
    assert torch.equal(found, expected.expand(2, -1, -1))


def test_a_series_falls_into_spans():
    steps = torch.arange(32).float()
    found = segments(torch.where(steps < 20, 0.0, 5.0)[None, None], 2, compactness=0.1)[0]
    assert len(found[:20].unique()) == len(found[20:].unique()) == 1
    assert found[0] != found[-1]


def test_brightness_and_contrast_change_no_segment():
    picture = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(segments(picture, 9, 1.0), segments(0.3 * picture + 7, 9, 1.0))


def test_a_place_is_looked_up_where_it_is():
    labels = torch.arange(6).view(1, 2, 3)
    places = torch.tensor([[[0.1, 0.1], [0.9, 0.5], [1.0, 1.0], [0.4, 0.7]]])
    assert segments_at(labels, places).tolist() == [[0, 4, 5, 2]]


def test_views_keep_segments_of_the_sample_before_they_change_it():
    digits = read("digits")
    batch = digits.batch(range(6))
    first, second = views.make_views(batch, views.build(digits.spec, "segmented", segments=4), torch.Generator().manual_seed(0))
    assert torch.equal(first.changes["segments"], second.changes["segments"])
    assert first.changes["segments"].shape == (6, 8, 8)
    assert not torch.equal(first.values, second.values)
    plain, _ = views.make_views(batch, views.build(digits.spec, "standard"), torch.Generator().manual_seed(0))
    assert torch.equal(plain.values, first.values)


def test_what_is_segmented_must_be_views():
    digits = read("digits")
    with pytest.raises(RecipeError, match="did you mean 'segments'"):
        views.build(digits.spec, "segmented", segment=4)
    with pytest.raises(RecipeError, match="must be the name of views"):
        views.build(digits.spec, "segmented", of="segmented")
    texts = read([f"{word} two three four" for word in "abcdefgh"], kind="text")
    with pytest.raises(RecipeError, match="text data has no segments"):
        views.build(texts.spec, "segmented")
