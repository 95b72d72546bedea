"""Encoders of sound: any length, any level, padding without effect, storage bit for bit, bodies of others from configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.sound import SoundSpec
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, default_encoder, load_encoder, random_mask_of, save_encoder
from selflearn.networks.sound_body import resampled

SPEC = SoundSpec(rate=8000, length=4000, usual=3200, varies=True)
OWN = {"spectrogram": {"width": 4, "out": 16}, "wave": {"width": 8}, "frames": {"width": 16, "depth": 2, "heads": 2}}
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WAVES = {**SMALL, "conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 8), "num_conv_pos_embeddings": 8,
         "num_conv_pos_embedding_groups": 2}  # fmt: skip


def batch(rows: int = 3, samples: int = 4000, lengths: list[int] | None = None, seed: int = 0) -> Batch:
    values = torch.randn(rows, 1, samples, generator=torch.Generator().manual_seed(seed)) / 10
    known = Batch(values, torch.arange(rows), torch.full((rows,), -1))
    if lengths is None:
        return known
    told = torch.tensor(lengths)
    real = torch.arange(samples) < told[:, None]
    return known.replace(values=values * real[:, None], lengths=told, mask=real)


@pytest.mark.parametrize("name", OWN)
def test_features_of_any_length_and_a_gradient_everywhere(name: str, tmp_path: Path) -> None:
    encoder = build(SPEC, name, **OWN[name])
    for samples in (2, 100, 1234, 8000):
        assert encoder(batch(samples=samples)).pooled.shape == (3, encoder.dim)
    encoder(batch(lengths=[4000, 2000, 80])).pooled.sum().backward()
    assert not [key for key, weight in encoder.named_parameters() if weight.grad is None]
    save_encoder(encoder.eval(), tmp_path)
    seen = batch(lengths=[4000, 900, 2000])
    with torch.no_grad():
        assert torch.equal(load_encoder(tmp_path)(seen).pooled, encoder(seen).pooled)


@pytest.mark.parametrize("name", OWN)
def test_padding_level_and_company_do_not_tell(name: str) -> None:
    encoder = build(SPEC, name, **OWN[name]).eval().double()
    for module in encoder.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.bias)  # as after learning: silence is no longer zero inside
    seen = batch(lengths=[4000, 1600, 2400])
    seen = seen.replace(values=seen.values.double())
    with torch.no_grad():
        together = encoder(seen).pooled
        louder = encoder(seen.replace(values=30 * seen.values)).pooled
        alone = encoder(batch_of(seen, 1, 2000)).pooled
    assert together.dtype == torch.float64
    assert torch.allclose(together, louder, atol=1e-4)
    assert torch.allclose(together[1], alone[0], atol=1e-6)
    assert not torch.allclose(together[0], together[2], atol=1e-2)


def batch_of(seen: Batch, row: int, samples: int) -> Batch:
    """One of its recordings, padded otherwise."""
    one = seen.select(torch.tensor([row]))
    return one.replace(values=one.values[..., :samples], mask=one.mask[:, :samples])


def test_frames_are_tokens_that_can_be_hidden_restored_and_shown_otherwise() -> None:
    encoder = build(SPEC, "frames", **OWN["frames"]).eval()
    seen = batch(lengths=[4000, 2000, 500])
    real = encoder.token_real(seen)
    content = encoder.token_content(seen).values
    assert encoder.token_grid() == (17,)
    assert real.sum(1).tolist() == [17, 9, 3]
    assert content.shape == (3, 17, sum(encoder.content_size()))
    assert not content[~real].any()
    mask = TokenMask(random_mask_of(real, 0.5, torch.Generator().manual_seed(0)), how="replace")
    assert encoder.decoder(16, 1, 2)(encoder(seen, mask).tokens, mask, seen).shape == content.shape
    hidden = torch.zeros_like(real)
    plain = encoder(seen)
    same = encoder(seen, TokenMask(hidden, how="show", shown=content))
    assert torch.allclose(same.tokens, plain.tokens, atol=1e-5)
    other = encoder(seen, TokenMask(hidden, how="show", shown=torch.zeros_like(content)))
    assert not torch.allclose(other.tokens, plain.tokens, atol=1e-2)
    with pytest.raises(RecipeError, match="must be of their shape"):
        encoder(seen, TokenMask(hidden, how="show"))


def test_the_default_has_what_a_method_needs() -> None:
    assert default_encoder(SPEC, accelerator=False) == "spectrogram"
    assert default_encoder(SPEC, accelerator=False, needs=frozenset({"tokens"})) == "frames"


@pytest.mark.parametrize("name", ["spectrogram", "wave"])
def test_convolutions_say_that_they_cannot_hide_tokens(name: str) -> None:
    with pytest.raises(RecipeError, match="cannot hide tokens; choose encoder: frames"):
        build(SPEC, name, **OWN[name])(batch(), TokenMask(torch.zeros(3, 5, dtype=torch.bool)))


@pytest.mark.parametrize("kind", ["Wav2Vec2Config", "HubertConfig", "WavLMConfig", "Data2VecAudioConfig"])
@pytest.mark.filterwarnings("ignore:Support for mismatched:UserWarning")
def test_speech_bodies(kind: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    options = {**WAVES, "conv_pos_kernel_size": 3} if kind.startswith("Data2Vec") else WAVES
    encoder = build(SPEC, getattr(transformers, kind)(**options))
    seen = batch(lengths=[4000, 2000, 30])
    features = encoder(seen, layers=True)
    real = encoder.token_real(seen)
    assert features.tokens.shape == (3, *encoder.token_grid(), 16)
    assert torch.equal(features.mask, real)
    assert len(features.layers) == 2
    assert real.sum(1).min() >= 1
    features.pooled.sum().backward()
    assert encoder.token_content(seen).values.shape == (3, *encoder.token_grid(), 64)
    encoder.eval()
    hidden = TokenMask(random_mask_of(real, 0.5, torch.Generator().manual_seed(0)), how="replace")
    with torch.no_grad():
        assert not torch.allclose(encoder(seen, hidden).tokens, encoder(seen).tokens, atol=1e-3)
        save_encoder(encoder, tmp_path)
        assert torch.equal(load_encoder(tmp_path)(seen).pooled, encoder(seen).pooled)
    with pytest.raises(RecipeError, match="cannot drop them"):
        encoder(seen, TokenMask(hidden.hidden, how="drop"))


def test_bodies_in_folders_and_what_is_no_body_for_sound(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    model = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**WAVES))
    model.save_pretrained(tmp_path)
    named, given = build(SPEC, f"hf:{tmp_path}").eval(), build(SPEC, model).eval()
    seen = batch()
    with torch.no_grad():
        assert torch.allclose(named(seen).pooled, given(seen).pooled, atol=1e-6)
    with pytest.raises(RecipeError, match="not a body for sound"):
        build(SPEC, transformers.BertConfig(**SMALL))
    with pytest.raises(RecipeError, match="cannot be opened"):
        build(SPEC, f"hf:{tmp_path / 'nothing'}")


def test_ast_reads_the_frames_of_its_own_extractor() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ASTConfig(**SMALL, max_length=64, num_mel_bins=32, patch_size=8, frequency_stride=8, time_stride=8)
    spec = SoundSpec(rate=16_000, length=8000, usual=8000)
    encoder = build(spec, config).eval()
    seen = batch(samples=8000)
    with torch.no_grad():
        found = encoder.inputs(seen)
        assert encoder(seen).pooled.shape == (3, 16)
    extractor = transformers.ASTFeatureExtractor(num_mel_bins=32, max_length=64)
    expected = extractor([each.numpy() for each in seen.values[:, 0]], sampling_rate=16_000, return_tensors="np")["input_values"]
    assert found.shape == expected.shape
    frames = (8000 - 400) // 160 + 1
    assert np.abs(found[:, :frames].numpy() - expected[:, :frames]).mean() < 0.02
    assert np.allclose(found[:, frames:].numpy(), expected[:, frames:], atol=1e-5)


def test_resampling_on_the_device_keeps_a_tone() -> None:
    for rate in (8000, 11_025, 44_100):
        steps = torch.arange(rate) / rate
        found = resampled(torch.sin(2 * torch.pi * 700 * steps)[None], rate)
        expected = torch.sin(2 * torch.pi * 700 * torch.arange(16_000) / 16_000)
        assert found.shape == (1, 16_000)
        assert torch.allclose(found[0, 200:-200], expected[200:-200], atol=0.01)
