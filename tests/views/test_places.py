"""Where a point of a view lies in its sample: told by samples whose values are their own coordinates."""

import numpy as np
import pytest
import torch

from selflearn import networks, views
from selflearn.data import read
from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks.patches import cell_middles, grid_of
from selflearn.views.image import Geometry
from selflearn.views.image.geometry import places
from selflearn.views.series.timing import Crop, Permute, Warp, Window

SIDE = 32


def coordinates(samples=6):
    """Pictures whose two channels say how far down and across each pixel's middle lies."""
    middles = cell_middles(SIDE, SIDE).T.reshape(2, SIDE, SIDE)
    return Batch(middles.expand(samples, -1, -1, -1).clone(), torch.arange(samples), torch.full((samples,), -1))


@pytest.mark.parametrize(
    "options",
    [
        {"scale": (0.3, 0.9), "horizontal_flip": 0.5, "vertical_flip": 0.5},
        {"scale": (0.3, 0.5), "rotation": 15.0, "zoom": (1.0, 1.2), "horizontal_flip": 0.5},
        {},
    ],
)
def test_a_picture_of_its_own_coordinates_shows_where_it_was_cut_out(options):
    view = Geometry(16, **options)(coordinates(), torch.Generator().manual_seed(0))
    shown = view.values.flatten(2).transpose(1, 2)
    told = places(view.changes, cell_middles(16, 16).expand(6, -1, -1))
    inner = ((told > 0.1) & (told < 0.9)).all(2)  # at borders the filter and the reflection mix coordinates
    assert inner.float().mean() > 0.4
    assert torch.allclose(told[inner], shown[inner], atol=0.01)


def test_what_is_seen_beyond_a_border_lies_inside():
    changes = {"crop": torch.tensor([[-0.5, 0.0, 2.0, 1.0]]), "flip": torch.zeros(1, 2, dtype=torch.bool)}
    told = places(changes, torch.tensor([[[0.5, 0.0], [0.5, 0.25], [0.5, 0.5], [0.5, 1.0]]]))
    assert torch.allclose(told[0, :, 1], torch.tensor([0.5, 0.0, 0.5, 0.5]))


@pytest.mark.parametrize("names", [("window",), ("crop",), ("warp",), ("order",), ("window", "crop", "warp"), ("crop", "order")])
def test_a_series_of_its_own_steps_shows_where_it_was_cut_out(names):
    made = {"window": Window((0.5, 0.9)), "crop": Crop((0.5, 0.9)), "warp": Warp(0.4), "order": Permute(4)}
    length = 64
    batch = Batch(torch.arange(length).float().expand(5, 1, length).clone(), torch.arange(5), torch.full((5,), -1))
    view = views.Compose([made[name] for name in names])(batch, torch.Generator().manual_seed(0))
    seen = view.values.shape[2]
    spec = SeriesSpec(channels=("step",), length=length, mean=(0.0,), std=(1.0,))
    middles = ((torch.arange(seen) + 0.5) / seen)[:, None].expand(5, -1, -1)
    told = views.places(spec, view, middles)[..., 0] * length - 0.5
    assert torch.allclose(told, view.values[:, 0], atol=1.0 if "order" in names else 0.02)


def test_pieces_of_a_recording_lie_where_they_were_cut_out_at_their_own_speed():
    rate, length = 8000, 8000
    clicks = [3000, 3500, 4200, 4600, 3300, 3800, 4000, 4400]
    sounds = np.zeros((len(clicks), length), dtype=np.float32)
    for row, click in enumerate(clicks):
        sounds[row, click - 20 : click + 20] = np.hanning(40)
    data = read(list(sounds), kind="sound", more={"rate": rate})
    options = {"crop": 0.9, "equaliser": 0.0, "bands": 0.0, "room": 0.0, "gain": 0.0, "noise": 0.0, "hiding": 0.0, "speed": 0.2}
    for view in views.make_views(
        data.batch(range(8)), views.build(data.spec, "standard", **options), torch.Generator().manual_seed(1)
    ):
        seen = view.values.shape[2]
        peak = view.values[:, 0].abs().argmax(1)
        told = views.places(data.spec, view, ((peak + 0.5) / seen)[:, None, None])[:, 0, 0] * data.spec.length
        inside = view.values[:, 0].abs().amax(1) > 0
        assert inside.any()
        assert torch.allclose(told[inside], torch.tensor(clicks).float()[inside], atol=0.03 * length)


def test_tokens_of_every_encoder_with_places_lie_in_their_view():
    digits = read("digits")
    scans = read(np.random.default_rng(0).normal(size=(8, 3, 40)).astype(np.float32), kind="series")
    sounds = read(list(np.random.default_rng(0).normal(size=(8, 4000)).astype(np.float32)), kind="sound", more={"rate": 8000})
    for data, names in ((digits, ("resnet-narrow", "vit-tiny")), (scans, ("patches", "patchtst")), (sounds, ("frames",))):
        first, _ = views.make_views(data.batch(range(6)), views.build(data.spec, "standard"), torch.Generator().manual_seed(0))
        for name in names:
            encoder = networks.build(data.spec, name).eval()
            assert "places" in encoder.capabilities
            tokens = encoder(first).tokens
            found = encoder.token_places(first, tokens.shape[1])
            assert found.shape[:2] == tokens.shape[:2]
            assert 0 <= float(found[..., -1].min()) < float(found[..., -1].max()) <= 1
            assert views.places(data.spec, first, found).shape == found.shape


def test_equal_views_have_equal_tokens_at_equal_places():
    digits = read("digits")
    batch = digits.batch(range(8))
    encoder = networks.build(digits.spec, "vit-tiny", width=16, depth=1, heads=1).eval()
    flip = Geometry(8, horizontal_flip=1.0, low=digits.spec.low, high=digits.spec.high)(batch, torch.Generator().manual_seed(0))
    plain = views.plain(digits.spec)(batch, torch.Generator())
    points = encoder.token_places(plain, 16)
    mirrored = views.places(digits.spec, flip, points)
    assert torch.allclose(mirrored[..., 1], 1 - views.places(digits.spec, plain, points)[..., 1], atol=1e-6)


def test_kinds_without_places_say_so():
    texts = read([f"{word} two three four" for word in "abcdefgh"], kind="text")
    with pytest.raises(RecipeError, match="no places that could be compared"):
        views.places(texts.spec, texts.batch([0]), torch.zeros(1, 1, 1))


def test_a_grid_has_the_proportions_of_its_picture():
    assert grid_of(12, 30, 40) == (3, 4)
    assert grid_of(16, 32, 32) == (4, 4)
    with pytest.raises(RecipeError, match="17 tokens of a picture of 32 x 32 pixels lie on no grid"):
        grid_of(17, 32, 32)
