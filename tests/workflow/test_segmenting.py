"""From a run and masks to a scorecard of places, beside raw patches and the untrained encoder."""

import numpy as np
import pytest
import torch

from selflearn import networks, views
from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.training import embed_tokens
from selflearn.workflow import learn, segment


def scenes(count=48, side=16, seed=0):
    """A bright square and a striped one somewhere on a dark ground, and which pixel is which."""
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 40, size=(count, side, side), dtype=np.uint8)
    masks = np.zeros((count, side, side), dtype=np.uint8)
    for image, mask in zip(images, masks, strict=True):
        for number in (1, 2):
            top, left = draw.integers(side - 6, size=2)
            square = np.s_[top : top + 6, left : left + 6]
            mask[square] = number
            image[square] = 230 if number == 1 else np.where(np.arange(6) % 2, 220, 20)
    return images, masks


def test_a_run_is_scored_by_masks(tmp_path):
    images, masks = scenes()
    np.savez(tmp_path / "scenes.npz", images=images, masks=masks)
    changes = {
        "encoder": {"name": "resnet-narrow", "width": 8},
        "projector": [32, 16],
        "token_projector": [32, 16],
        "queue": 32,
        "batch": 16,
    }
    run = learn(tmp_path / "scenes.npz", out=tmp_path / "run", recipe="densecl", preset="small", budget="4steps", changes=changes)
    card = segment(run, tmp_path / "scenes.npz")
    assert card.measures() == ["token accuracy", "mean iou"]
    assert set(card.names()) == {"encoder", "raw", "untrained"}
    assert card.value("encoder", "token accuracy") > (masks == 0).mean() - 0.05
    assert 0 < card.value("raw", "mean iou") <= 1


def test_tokens_come_with_their_places_in_the_order_of_samples():
    images, _ = scenes(20)
    data = read(images, kind="image")
    encoder = networks.build(data.spec, "vit-tiny", width=16, depth=1, heads=1)
    tokens, places, real = embed_tokens(encoder, data, batch=6, device="cpu")
    assert tokens.shape[:2] == places.shape[:2] == real.shape
    assert real.all()
    with torch.no_grad():
        seen = views.plain(data.spec)(data.batch([13]), torch.Generator())
        assert np.allclose(tokens[13], encoder.eval()(seen).tokens[0].numpy(), atol=1e-5)
    assert np.allclose(places[0, 0], 0.5 / np.sqrt(places.shape[1]), atol=1e-6)


def test_series_of_different_lengths_are_filled_up():
    draw = np.random.default_rng(0)
    data = read([draw.normal(size=(2, length)).astype(np.float32) for length in (20, 40, 30, 25, 40, 22, 35, 28)], kind="series")
    encoder = networks.build(data.spec, "patches", width=16, depth=1, heads=1)
    tokens, _, real = embed_tokens(encoder, data, batch=3, device="cpu")
    assert len(tokens) == 8
    assert real.sum(1)[0] < real.sum(1)[1]


def test_an_encoder_without_places_is_told_so():
    texts = read([f"{word} two three four" for word in "abcdefgh"], kind="text")
    with pytest.raises(RecipeError, match="tells no places"):
        embed_tokens(networks.build(texts.spec, "bag"), texts)


def test_raw_pieces_are_the_patches_of_the_picture():
    images, _ = scenes(8)
    data = read(images, kind="image")
    seen = views.plain(data.spec)(data.batch(range(8)), torch.Generator())
    pieces = views.pieces(data.spec, seen, 16)
    assert torch.allclose(pieces[0, 5], seen.values[0, 0, 4:8, 4:8].flatten(), atol=1e-6)
