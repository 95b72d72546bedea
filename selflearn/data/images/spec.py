"""What views and encoders must know of pictures, and a batch of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec

PixelType = Literal["uint8", "uint16", "float32"]


class ImageSpec(Spec):
    """How pictures are stored and what their values mean.

    Attributes
    ----------
    channels, height, width : of the stored pictures.
    low, high : the raw values that stand for 0 and 1: unit = (raw - low) / (high - low). For 8 bits 0 and 255; for deeper pictures
        measured, so that a few raw values may lie beyond.
    mean, std : of each channel at unit scale, measured on a bounded sample; std of a constant channel is 1.
    colour : True if the channels are red, green and blue.
    dtype : of the stored pictures.
    """

    kind: ClassVar[str] = "image"
    channels: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    low: float = 0.0
    high: float = 255.0
    mean: tuple[float, ...]
    std: tuple[float, ...]
    colour: bool = False
    dtype: PixelType = "uint8"

    @model_validator(mode="after")
    def _agree(self) -> ImageSpec:
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(
                f"{self.channels} channels need as many means and deviations, not {len(self.mean)} and {len(self.std)}"
            )
        if not self.high > self.low or min(self.std) <= 0:
            raise ValueError("high must lie above low, and deviations above 0")
        return self

    def describe(self) -> str:
        """E.g. "32 x 32 pixels, colour, 8 bits"."""
        channels = "colour" if self.colour else "grey" if self.channels == 1 else f"{self.channels} channels"
        depth = {"uint8": "8 bits", "uint16": "16 bits", "float32": "real numbers"}[self.dtype]
        return f"{self.width} x {self.height} pixels, {channels}, {depth}"


@dataclass
class ImageBatch(Batch):
    """Pictures: `values` (batch, channels, height, width) in their stored type.

    Attributes
    ----------
    aspect : (batch,) float32, original width / height of each picture, so that views can undo the change of proportions that
        storing mixed sizes at one size makes; None where stored proportions are the true ones.
    """

    aspect: Tensor | None = None
