"""Bodies of Hugging Face transformers for sound: wav2vec 2.0, HuBERT, WavLM, data2vec (waveforms) and AST (spectrograms).

As for pictures, only safetensors are read, only the library's own classes are made, and the configuration is stored, so that a
saved encoder needs neither folder nor hub. They hear 16,000 samples a second, whatever the rate of the data.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.spectrum import Mel, energies, hann, log_mel, mel_filters, real_frames
from selflearn.errors import RecipeError
from selflearn.networks.bodies import Body, open_as
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.sound_input import SCALE, at_one_level, lengths_of

RATE = 16_000
SPECTROGRAMS = "audio-spectrogram-transformer"
AST_MEAN, AST_STD = -4.2677393, 4.5689974
"""Of the log-mel energies of AudioSet, by which AST's inputs are brought to mean 0 and deviation 1/2 (Gong et al., 2021)."""


class SpeechBody(Encoder):
    """A body that reads waveforms; its pooled vector is the mean of the tokens that are real.

    A token's content, for methods that restore it, is the log-mel frame at its place.

    Parameters
    ----------
    spec : of the sound.
    body : see `open_sound_body`.
    """

    spec: SoundSpec
    content_window: Tensor
    content_filters: Tensor

    def __init__(self, spec: SoundSpec, body: Body) -> None:
        super().__init__()
        self.spec, self.body = spec, body.model
        config = body.config
        self.settings = {"source": config, "origin": body.origin}
        self.dim = int(config["hidden_size"])
        able = {"tokens", "layers", "any-size"}
        self.capabilities = frozenset(able if self.mask_token is None else {*able, "mask-replace"})
        self.kernels = list(zip(config["conv_kernel"], config["conv_stride"], strict=True))
        self.hop = math.prod(config["conv_stride"])
        if self._tokens(at_rate(spec.length, spec.rate)) < 1:
            raise RecipeError(f"the body needs recordings of at least {sum(k for k, _ in self.kernels)} samples at 16 kHz")
        self.mel = Mel(RATE, 64, max(400, self.hop), self.hop)
        self.register_buffer("content_window", hann(self.mel), persistent=False)
        self.register_buffer("content_filters", mel_filters(self.mel), persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        waves, lengths = self._waves(batch)
        options: dict[str, Any] = {"output_hidden_states": layers}
        if lengths is not None:
            options["attention_mask"] = (torch.arange(waves.shape[1], device=waves.device) < lengths[:, None]).long()
        if mask is not None and f"mask-{mask.how}" not in self.capabilities:
            raise RecipeError(f"a speech body replaces hidden tokens, it cannot {mask.how} them: recordings differ in length")
        if self.mask_token is not None:
            none = torch.zeros(len(batch), self._tokens(waves.shape[1]), dtype=torch.bool, device=waves.device)
            options["mask_time_indices"] = none if mask is None else mask.hidden
        output = self.body(waves, **options)
        tokens, real = output.last_hidden_state, self._real(batch)
        weights = real.to(tokens.dtype)
        pooled = (weights[:, None] @ tokens).squeeze(1) / weights.sum(dim=1, keepdim=True).clamp(min=1)
        if self.training and mask is None and self.mask_token is not None:
            # It takes part with weight zero, so that distributed training finds every parameter used.
            pooled = pooled + 0.0 * self.mask_token.sum()
        return Features(pooled, tokens, tuple(output.hidden_states[1:]) if layers else (), None if lengths is None else real)

    @property
    def mask_token(self) -> Tensor | None:
        """The body's own, which stands for hidden tokens."""
        return getattr(self.body, "masked_spec_embed", None)

    def token_grid(self) -> tuple[int, ...]:
        return (self._tokens(at_rate(self.spec.length, self.spec.rate)),)

    def token_real(self, batch: Batch) -> Tensor:
        return self._real(batch)

    def token_content(self, batch: Batch) -> TokenContent:
        waves, lengths = self._waves(batch)
        with torch.autocast(waves.device.type, enabled=False):
            power = energies(waves[:, None].float(), self.mel, self.content_window, self.content_filters)
            told = SCALE * log_mel(power, real_frames(lengths, waves.shape[1], self.mel))
        return TokenContent(told[:, 0].transpose(1, 2)[:, : self._tokens(waves.shape[1])])

    def content_size(self) -> tuple[int, int]:
        return self.mel.bands, 0

    def _waves(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """(batch, samples) at 16 kHz, each at mean 0 and deviation 1, long enough for one token; and their lengths."""
        values = resampled(at_one_level(batch).mean(dim=1), self.spec.rate)
        least = next(size for size in range(self.hop, 100 * self.hop, self.hop) if self._tokens(size) >= 1)
        lengths = lengths_of(batch)
        values = F.pad(values, (0, max(0, least - values.shape[1])))
        return values, None if lengths is None else at_rate(lengths, self.spec.rate).clamp(min=least)

    def _real(self, batch: Batch) -> Tensor:
        waves, lengths = self._waves(batch)
        count = self._tokens(waves.shape[1])
        if lengths is None:
            return torch.ones(len(batch), count, dtype=torch.bool, device=batch.device)
        return torch.arange(count, device=batch.device) < self._tokens(lengths)[:, None]

    def _tokens(self, samples: Any) -> Any:
        """How many tokens so many samples (a number, or a tensor of them) give."""
        for kernel, stride in self.kernels:
            samples = (samples - kernel) // stride + 1
        return samples


class SpectrogramBody(Encoder):
    """The Audio Spectrogram Transformer (Gong et al., "AST: Audio Spectrogram Transformer", 2021) on the frames it was made for.

    Parameters
    ----------
    spec : of the sound.
    body : see `open_sound_body`.
    """

    spec: SoundSpec
    filters: Tensor
    window: Tensor

    def __init__(self, spec: SoundSpec, body: Body) -> None:
        super().__init__()
        self.spec, self.body = spec, body.model
        self.settings = {"source": body.config, "origin": body.origin}
        self.dim, self.frames = int(body.config["hidden_size"]), int(body.config["max_length"])
        self.capabilities = frozenset({"any-size"})
        self.mel = Mel(RATE, int(body.config["num_mel_bins"]), 400, 160)
        self.register_buffer("window", torch.hann_window(400, periodic=False, dtype=torch.float64).float(), persistent=False)
        self.register_buffer("filters", mel_filters(self.mel), persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the body AST cannot hide tokens; choose encoder: frames, or a wav2vec 2.0 body")
        output = self.body(self.inputs(batch))
        pooled = output.get("pooler_output")
        return Features(output.last_hidden_state[:, 0] if pooled is None else pooled)

    def inputs(self, batch: Batch) -> Tensor:
        """(batch, frames, bands): Kaldi's log-mel energies (no dither; offset taken off, pre-emphasis of .97), brought to scale.

        Frames beyond the recording are zeros, as the authors pad.
        """
        with torch.autocast(batch.values.device.type, enabled=False):
            values = resampled(batch.values.float().mean(dim=1), self.spec.rate)
            values = F.pad(values, (0, max(0, 400 - values.shape[1])))
            cut = values.unfold(1, 400, 160)[:, : self.frames]
            cut = cut - cut.mean(dim=2, keepdim=True)
            cut = cut - 0.97 * torch.cat([cut[..., :1], cut[..., :-1]], dim=2)
            power = torch.view_as_real(torch.fft.rfft(cut * self.window, 512)).square().sum(dim=-1)
            told = ((power @ self.filters).clamp(min=torch.finfo(torch.float32).eps).log() - AST_MEAN) / (2 * AST_STD)
            lengths = lengths_of(batch)
            if lengths is not None:
                count = ((at_rate(lengths, self.spec.rate) - 400) // 160 + 1).clamp(min=1)
                told = told * (torch.arange(told.shape[1], device=told.device) < count[:, None])[..., None]
            return F.pad(told, (0, 0, 0, self.frames - told.shape[1]), value=-AST_MEAN / (2 * AST_STD))


def at_rate(samples: Any, rate: int) -> Any:
    """How many samples at 16 kHz so many at `rate` are."""
    return -(-samples * RATE // rate)


def resampled(values: Tensor, rate: int) -> Tensor:
    """(batch, samples) at 16 kHz, by the Fourier transform; zeros at the end keep it from running round."""
    if rate == RATE:
        return values
    shared = math.gcd(rate, RATE)
    step = rate // shared
    blocks = -(-(values.shape[1] + 64) // step)
    spectrum = torch.fft.rfft(F.pad(values, (0, blocks * step - values.shape[1])))
    size = blocks * (RATE // shared)
    return torch.fft.irfft(spectrum, size)[:, : at_rate(values.shape[1], rate)] * (size / (blocks * step))


def open_sound_body(source: Any, pretrained: bool) -> Body:
    """The body for sound that `source` names: a hub name or folder (with safetensors), a model, a configuration or its JSON."""
    return open_as(source, pretrained, "sound", _class_for, _fitted)


def _fitted(config: Any) -> Any:
    """Without what draws numbers of its own (SpecAugment, dropped layers): views do that, from a given generator."""
    if hasattr(config, "mask_time_prob"):
        # Above 0 the body has a mask token. It draws no spans, for `SpeechBody` always says which tokens are hidden.
        config.apply_spec_augment, config.mask_time_prob = True, config.mask_time_prob or 0.05
        config.mask_feature_prob, config.layerdrop = 0.0, 0.0
    return config


def _class_for(config: Any) -> Any:
    from transformers import MODEL_MAPPING

    found: Any = MODEL_MAPPING.get(type(config), None)
    found = found[0] if isinstance(found, list | tuple) else found
    waves = isinstance(getattr(config, "conv_stride", None), list | tuple) and hasattr(config, "mask_time_prob")
    if found is None or not (waves or config.model_type == SPECTROGRAMS):
        raise RecipeError(f"{config.model_type!r} is not a body for sound; name one, such as facebook/wav2vec2-base")
    return found


def hugging_face(
    spec: SoundSpec,
    *,
    source: Any,
    pretrained: bool = True,
    origin: Annotated[str, Field(max_length=1000)] = "",
) -> Encoder:
    """A body of Hugging Face transformers for sound.

    Parameters
    ----------
    spec : of the sound.
    source : a hub name or local folder (in recipes ``hf:NAME``), a model or a configuration.
    pretrained : for a name or folder: start from its weights, or only from its configuration.
    origin : where the weights came from, kept for the record.
    """
    body = open_sound_body(source, pretrained)
    body.origin = origin or body.origin
    made: nn.Module = body.model
    kind = getattr(getattr(made, "config", None), "model_type", "")
    return SpectrogramBody(spec, body) if kind == SPECTROGRAMS else SpeechBody(spec, body)
