"""Encoders of pictures: the names, their options, and which one is chosen where nobody chose."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from selflearn.data.images import ImageSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.pretrained import hugging_face
from selflearn.networks.resnets import ConvolutionalEncoder, narrow_trunk, resnet_trunk
from selflearn.networks.vit import VisionTransformer

Width = Annotated[int, Field(ge=1, le=4096)]
Side = Annotated[int, Field(ge=1, le=4096)] | None
Count = Annotated[int, Field(ge=1, le=256)]
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


def vit(
    spec: ImageSpec,
    *,
    width: Width,
    depth: Count,
    heads: Count,
    patch: Side = None,
    registers: Annotated[int, Field(ge=0, le=64)] = 0,
    pool: Literal["mean", "class"] = "mean",
    size: Side = None,
    fixed_patches: bool = False,
) -> Encoder:
    """A vision transformer; tiny, small, base and large set width, depth and heads, and each can be told otherwise.

    Parameters
    ----------
    spec : an image spec.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    patch : side of a patch in pixels; None decides by the size: 2 for digits of 8 pixels, 4 at 32, 8 at 64 and 96, 16 from 112.
    registers : extra tokens without a place.
    pool : the embedding is the "mean" of the tokens (the default: methods that restore or predict tokens train these, and
        the class token only by the way) or the "class" token (as DINO was published).
    size : side in pixels of a global view; None takes the spec's.
    fixed_patches : the projection of patches is not trained, which keeps a transformer from sudden setbacks (MoCo v3).
    """
    side = _side(spec, size)
    return VisionTransformer(spec, width, depth, heads, patch or default_patch(side), registers, pool, side, fixed_patches)


def default_patch(side: int) -> int:
    """The largest power of two from 2 to 16 that cuts `side` pixels into at least seven patches, if one does."""
    return next((patch for patch in (16, 8, 4) if side >= 7 * patch), 2)


ENCODERS: dict[str, Callable[..., Encoder]] = {
    "resnet-narrow": resnet_narrow,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "vit-tiny": partial(vit, width=192, depth=12, heads=3),
    "vit-small": partial(vit, width=384, depth=12, heads=6),
    "vit-base": partial(vit, width=768, depth=12, heads=12),
    "vit-large": partial(vit, width=1024, depth=24, heads=16),
    "hf": hugging_face,
}


def default(spec: ImageSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """Narrow on a CPU; on an accelerator ResNet-18 for small pictures, ResNet-50 for others. A ViT where tokens are needed."""
    if needs & VisionTransformer.capabilities - ConvolutionalEncoder.capabilities:
        return "vit-small" if accelerator else "vit-tiny"
    if not accelerator:
        return "resnet-narrow"
    return "resnet18" if _side(spec, None) <= SMALL else "resnet50"
