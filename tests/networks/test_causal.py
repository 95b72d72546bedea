"""Causal encoders: what comes later changes nothing of what came before, in learning and in use, padded or not."""

from __future__ import annotations

import pytest
import torch

from selflearn.data import read
from selflearn.data.batch import Batch
from selflearn.data.series import SeriesSpec
from selflearn.data.sound import SoundSpec
from selflearn.errors import RecipeError
from selflearn.networks import build, default_encoder
from selflearn.networks.transformer import Transformer
from selflearn.views import plain

SERIES = SeriesSpec(channels=("x", "y"), length=24, varies=True, mean=(0.0, 0.0), std=(1.0, 1.0))
SOUND = SoundSpec(rate=8000, length=4000, usual=3200, varies=True)
SMALL = {"width": 16, "depth": 2, "heads": 2}


def series(rows: int = 3) -> Batch:
    values = torch.randn(rows, 2, 24, generator=torch.Generator().manual_seed(0))
    real = torch.arange(24) < torch.tensor([24, 18, 9])[:, None]
    return Batch(values * real[:, None], torch.arange(rows), torch.full((rows,), -1), lengths=real.sum(1), mask=real)


def test_later_steps_of_a_series_change_nothing_before_them() -> None:
    encoder = build(SERIES, "patches-causal", patch=3, **SMALL)
    batch = series()
    other = batch.replace(values=batch.values.index_fill(2, torch.arange(12, 24), 5.0))
    first, second = encoder(batch).tokens, encoder(other).tokens
    torch.testing.assert_close(first[:, :4], second[:, :4])
    assert (first[0, 4:] - second[0, 4:]).abs().amin() > 0
    both_ways = build(SERIES, "patches", patch=3, **SMALL)
    assert not torch.allclose(both_ways(batch).tokens[:, :4], both_ways(other).tokens[:, :4])


def test_padding_tells_nothing_and_every_gradient_is_a_number() -> None:
    encoder = build(SERIES, "patches-causal", patch=3, **SMALL)
    batch = series()
    alone = Batch(batch.values[2:, :, :9], batch.index[2:], batch.labels[2:])
    torch.testing.assert_close(encoder(batch).pooled[2:], encoder(alone).pooled)
    encoder(batch).tokens.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())


def test_later_sound_and_words_change_nothing_before_them() -> None:
    encoder = build(SOUND, "frames-causal", patch=2, **SMALL)
    frames = torch.randn(2, 10, 80, generator=torch.Generator().manual_seed(0))
    tokens = encoder.trunk.transformer(encoder.trunk.embed(frames))[0]
    frames[:, 6:] = 0
    torch.testing.assert_close(tokens[:, :6], encoder.trunk.transformer(encoder.trunk.embed(frames))[0][:, :6])
    texts = read(
        ["one two three four five six", "one two three six five four"] + [f"{word} is a word" for word in "abcdefgh"], kind="text"
    )
    encoder = build(texts.spec, "transformer-causal", dropout=0.0, **SMALL)
    view = plain(texts.spec)(texts.batch(range(2)), torch.Generator())
    tokens = encoder(view).tokens
    same = (view.values[0] == view.values[1]).long().cumprod(0).sum()
    assert 0 < same < view.values.shape[1]
    torch.testing.assert_close(tokens[0, :same], tokens[1, :same])
    assert not torch.allclose(tokens[0, same:], tokens[1, same:])


def test_it_is_part_of_the_settings_and_found_where_it_is_needed() -> None:
    for spec in (SERIES, SOUND):
        name = default_encoder(spec, False, frozenset({"tokens", "causal"}))
        encoder = build(spec, name, **SMALL)
        assert "causal" in encoder.capabilities
        assert "causal" in build(spec, **encoder.settings).capabilities
        assert "causal" not in build(spec, default_encoder(spec, False, frozenset({"tokens"})), **SMALL).capabilities


@pytest.mark.parametrize("option", [{"independent": True}, {"pool": "class"}])
def test_tokens_without_one_order_are_refused(option: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="one order"):
        build(SERIES, "patches-causal", **SMALL, **option)


def test_the_first_token_of_a_causal_transformer_is_alone() -> None:
    transformer = Transformer(8, 2, 2, causal=True)
    tokens = torch.randn(1, 5, 8)
    torch.testing.assert_close(transformer(tokens)[0][:, :1], transformer(tokens[:, :1])[0])
