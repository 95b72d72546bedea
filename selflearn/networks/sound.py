"""Encoders of sound by name, small enough for a CPU by default."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.sound.spec import SoundSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.sound_body import hugging_face
from selflearn.networks.sound_conv import SpectrogramNet, WaveNet
from selflearn.networks.sound_frames import FrameTransformer

Width = Annotated[int, Field(ge=2, le=4096)]
Bands = Annotated[int, Field(ge=0, le=512)]
Parts = Annotated[int, Field(ge=1, le=16)]
Pooled = Literal["max", "mean", "both"]


def spectrogram(
    spec: SoundSpec, *, width: Width = 8, out: Width = 96, bands: Bands = 0, pool: Pooled = "both", parts: Parts = 3
) -> Encoder:
    """Residual convolutions over log-mel frames.

    Parameters
    ----------
    spec : of the sound.
    width : channels of the first of three stages; the others have twice and four times as many.
    out : channels before pooling.
    bands : mel bands; 0 takes 40 for rates up to 10 kHz, else 64.
    pool : over time: "max", "mean" or "both".
    parts : beside the whole, this many equal parts in time are pooled, so that the order of sounds tells.
    """
    return SpectrogramNet(spec, width, out, bands, pool, parts)


def wave(spec: SoundSpec, *, width: Width = 32, pool: Pooled = "both", parts: Parts = 3) -> Encoder:
    """Convolutions over the waveform itself.

    Parameters
    ----------
    spec : of the sound.
    width : filters of the first layer; the two stages after it have twice and four times as many channels.
    pool, parts : as in `spectrogram`.
    """
    return WaveNet(spec, width, pool, parts)


def frames(
    spec: SoundSpec,
    *,
    width: Width = 128,
    depth: Annotated[int, Field(ge=1, le=64)] = 3,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    patch: Annotated[int, Field(ge=1, le=256)] = 3,
    bands: Bands = 0,
    causal: bool = False,
) -> Encoder:
    """A transformer over log-mel frames.

    Parameters
    ----------
    spec : of the sound.
    width, depth, heads : length of a token, blocks, attention heads in each.
    patch : frames of 10 ms that make a token.
    bands : mel bands; 0 takes 40 for rates up to 10 kHz, else 64.
    causal : each token knows of itself and those before it alone.
    """
    return FrameTransformer(spec, width, depth, heads, patch, bands, causal)


ENCODERS: dict[str, Callable[..., Encoder]] = {
    "spectrogram": spectrogram,
    "spectrogram-large": partial(spectrogram, width=64, out=512),
    "wave": wave,
    "frames": frames,
    "frames-base": partial(frames, width=768, depth=12, heads=12),
    "frames-base-causal": partial(frames, width=768, depth=12, heads=12, causal=True),
    "frames-causal": partial(frames, causal=True),
    "hf": hugging_face,
}


def default(spec: SoundSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """Convolutions over log-mel frames, large on an accelerator; a transformer where tokens are asked for."""
    if needs & {"tokens", "layers", "mask-drop", "mask-replace", "places"}:
        return ("frames-base" if accelerator else "frames") + ("-causal" if "causal" in needs else "")
    return "spectrogram-large" if accelerator else "spectrogram"
