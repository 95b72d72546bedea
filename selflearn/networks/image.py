"""Encoders of pictures: the names, their options, and which one is chosen where nobody chose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.images.spec import ImageSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.resnets import ConvolutionalEncoder, narrow_trunk, resnet_trunk

Width = Annotated[int, Field(ge=1, le=4096)]
Side = Annotated[int, Field(ge=1, le=4096)] | None
Stem = Literal["small", "standard"] | None

SMALL = 64
"""Pictures up to this many pixels a side count as small: no early pooling."""


def _side(spec: ImageSpec, size: int | None) -> int:
    return size or min(spec.height, spec.width)


def resnet_narrow(spec: ImageSpec, *, width: Width = 48, size: Side = None) -> Encoder:
    """A narrow residual network for CPUs: 1 M parameters at width 48, 192 dimensions.

    Parameters
    ----------
    spec : an image spec.
    width : channels after the stem; the embedding has four times as many.
    size : side of the pictures it will mostly see, in pixels; None takes the spec's. It sets how often the map is halved.
    """
    side = _side(spec, size)
    trunk, smallest = narrow_trunk(spec.channels, side, width)
    return ConvolutionalEncoder(spec, trunk, 4 * width, {"width": width, "size": side}, smallest)


def _resnet(spec: ImageSpec, depths: tuple[int, ...], bottleneck: bool, stem: str | None, size: int | None) -> Encoder:
    side = _side(spec, size)
    stem = stem or ("small" if side <= SMALL else "standard")
    trunk = resnet_trunk(spec.channels, depths, bottleneck, stem)
    return ConvolutionalEncoder(spec, trunk, 2048 if bottleneck else 512, {"stem": stem, "size": side})


def resnet18(spec: ImageSpec, *, stem: Stem = None, size: Side = None) -> Encoder:
    """ResNet-18: 11.2 M parameters, 512 dimensions.

    Parameters
    ----------
    spec : an image spec.
    stem : "small" (3 x 3 convolution, no pool) or "standard" (7 x 7 of stride 2, max pool); None decides by the pictures'
        size: small up to 64 pixels a side.
    size : side of the pictures it will mostly see, in pixels; None takes the spec's.
    """
    return _resnet(spec, (2, 2, 2, 2), False, stem, size)


def resnet34(spec: ImageSpec, *, stem: Stem = None, size: Side = None) -> Encoder:
    """ResNet-34: 21.3 M parameters, 512 dimensions. Options as `resnet18`."""
    return _resnet(spec, (3, 4, 6, 3), False, stem, size)


def resnet50(spec: ImageSpec, *, stem: Stem = None, size: Side = None) -> Encoder:
    """ResNet-50: 23.5 M parameters, 2048 dimensions. Options as `resnet18`."""
    return _resnet(spec, (3, 4, 6, 3), True, stem, size)


ENCODERS = {
    "resnet-narrow": resnet_narrow,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
}


def default(spec: ImageSpec, accelerator: bool) -> str:
    """Narrow on a CPU; on an accelerator ResNet-18 for small pictures, ResNet-50 for others."""
    if not accelerator:
        return "resnet-narrow"
    return "resnet18" if _side(spec, None) <= SMALL else "resnet50"
