"""Encoders of series by name, small enough for a CPU by default."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.series.spec import SeriesSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.series_dilated import DilatedEncoder
from selflearn.networks.series_octaves import OctaveEncoder
from selflearn.networks.series_patches import PatchTransformer

Width = Annotated[int, Field(ge=2, le=4096)]


def dilated(
    spec: SeriesSpec,
    *,
    width: Width = 64,
    depth: Annotated[int, Field(ge=0, le=16)] = 0,
    out: Annotated[int, Field(ge=0, le=8192)] = 0,
    kernel: Annotated[int, Field(ge=3, le=31, multiple_of=1)] = 3,
    pool: Literal["max", "mean", "both"] = "both",
    parts: Annotated[int, Field(ge=1, le=16)] = 1,
    joints: bool | None = None,
    instance: bool = False,
    steps: bool = False,
    statistics: bool = False,
    devices: bool = False,
) -> Encoder:
    """Dilated convolutions with strong pooling.

    Parameters
    ----------
    spec : of the series.
    width : channels of the trunk.
    depth : residual blocks; 0 takes as many as it needs to see a whole sample.
    out : channels before pooling; 0 makes an embedding of about 320 numbers.
    kernel : taps of each convolution, odd.
    pool : over time: "max", "mean" or "both".
    parts : beside the whole, this many equal parts in time are pooled.
    joints : channels are joints of a skeleton, seen apart from their place in the room; None where the data says so.
    instance : each series is brought to its own mean 0 and deviation 1.
    steps : differences from step to step are read beside the values.
    statistics : mean, deviation, least and largest of what the trunk reads stand beside what it learned, untrained as they are.
    devices : one trunk reads each device on its own, for views of devices; the embedding of all is the mean of theirs.
    """
    joints = bool(spec.joints) and not devices if joints is None else joints
    taps = kernel + 1 - kernel % 2
    return DilatedEncoder(spec, width, depth, out, taps, pool, parts, joints, instance, steps, statistics, devices)


def patches(
    spec: SeriesSpec,
    *,
    width: Width = 128,
    depth: Annotated[int, Field(ge=1, le=64)] = 3,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    patch: Annotated[int, Field(ge=0, le=4096)] = 0,
    independent: bool = False,
    instance: bool = False,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    pool: Literal["mean", "class"] = "mean",
    causal: bool = False,
) -> Encoder:
    """A transformer over patches; a token holds the patch of all channels.

    Parameters
    ----------
    spec : of the series.
    width, depth, heads : length of a token, blocks, attention heads in each.
    patch : steps of a patch; 0 makes about 24 of the longest series.
    independent : channels are encoded each on their own, with the same weights.
    instance : each channel of each series is brought to its own mean 0 and deviation 1.
    dropout : while training.
    pool : over tokens: their mean, or a class token that attends to them.
    causal : each token knows of itself and those before it alone.
    """
    return PatchTransformer(spec, width, depth, heads, patch, independent, instance, dropout, pool, causal)


def patchtst(
    spec: SeriesSpec,
    *,
    width: Width = 128,
    depth: Annotated[int, Field(ge=1, le=64)] = 3,
    heads: Annotated[int, Field(ge=1, le=64)] = 16,
    patch: Annotated[int, Field(ge=0, le=4096)] = 12,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
) -> Encoder:
    """The published form: each channel on its own, each series normalised, patches of 12 steps that do not overlap.

    Parameters
    ----------
    spec : of the series.
    width, depth, heads, patch, dropout : as in `patches`.
    """
    encoder = PatchTransformer(spec, width, depth, heads, patch, independent=True, instance=True, dropout=dropout)
    encoder.settings = dict(width=width, depth=depth, heads=heads, patch=patch, dropout=dropout)  # what this factory takes
    return encoder


def octaves(
    spec: SeriesSpec,
    *,
    width: Width = 64,
    depth: Annotated[int, Field(ge=0, le=16)] = 0,
    out: Annotated[int, Field(ge=0, le=8192)] = 0,
    pool: Literal["max", "mean", "both"] = "both",
    parts: Annotated[int, Field(ge=1, le=16)] = 1,
    frame: Annotated[int, Field(ge=0, le=4096)] = 0,
    level: bool = False,
) -> Encoder:
    """Dilated convolutions over how strongly each channel moves at each speed, for worn sensors and other things that move.

    Parameters
    ----------
    spec : of the series.
    width, depth, out, pool, parts : as in `dilated`.
    frame : steps of a frame; 0 makes about 24 of the longest series.
    level : the mean of each channel in each frame is read beside its energies.
    """
    return OctaveEncoder(spec, width, depth, out, pool, parts, frame, level)


ENCODERS: dict[str, Callable[..., Encoder]] = {
    "dilated": dilated,
    "octaves": octaves,
    "patches": patches,
    "patches-causal": partial(patches, causal=True),
    "patchtst": patchtst,
}


def default(spec: SeriesSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """Convolutions, which learn in minutes; patches where tokens are asked for."""
    if "causal" in needs:
        return "patches-causal"
    return "patches" if needs & {"tokens", "layers", "mask-drop", "mask-replace", "places"} else "dilated"
