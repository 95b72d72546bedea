"""What views and encoders must know of a data set of series."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from selflearn.data.spec import Spec


class SeriesSpec(Spec):
    """Channels over time, all of one length or padded to the longest.

    Attributes
    ----------
    channels : their names.
    length : steps of a sample: of every one, or of the longest if they vary.
    varies : whether samples differ in length, so that batches have a mask.
    windowed : whether samples are windows of longer recordings; new recordings are then cut alike.
    stride : steps from one window to the next; 0 where samples are no windows.
    mean, std : of each channel; the deviation of a constant one is 1.
    rate : steps a second where timestamps tell it, else None.
    every : neighbouring steps of the source that were averaged into one.
    joints : for skeletons, how many joints the channels are; they are then ordered joint by joint, each with its coordinates. 0 for
        other series.
    devices : how many devices recorded together; channels are ordered device by device, the same ones of each. 0 where not known.
    """

    kind: ClassVar[str] = "series"
    channels: tuple[str, ...] = Field(min_length=1)
    length: int = Field(ge=2)
    varies: bool = False
    windowed: bool = False
    stride: int = Field(default=0, ge=0)
    mean: tuple[float, ...]
    std: tuple[float, ...]
    rate: float | None = Field(default=None, gt=0)
    every: int = Field(default=1, ge=1)
    joints: int = Field(default=0, ge=0)
    devices: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _agree(self) -> SeriesSpec:
        if not len(self.channels) == len(self.mean) == len(self.std) or min(self.std) <= 0:
            raise ValueError("series need one mean and one deviation above 0 for each channel")
        if self.joints and len(self.channels) % self.joints:
            raise ValueError(f"{len(self.channels)} channels are not {self.joints} joints of equally many coordinates")
        if self.devices and len(self.channels) % self.devices:
            raise ValueError(f"{len(self.channels)} channels are not {self.devices} devices of equally many")
        return self

    def describe(self) -> str:
        """E.g. "series of 3 channels, windows of 208 steps"."""
        what = f"{len(self.channels)} channel{'s' if len(self.channels) != 1 else ''}"
        if self.joints:
            what = f"{self.joints} joints of {len(self.channels) // self.joints} coordinates"
        if self.devices:
            what += f" of {self.devices} devices"
        steps = "windows of" if self.windowed else "up to" if self.varies else "each of"
        return f"series of {what}, {steps} {self.length:,} steps"
