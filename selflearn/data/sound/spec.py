"""What views and encoders must know of a data set of sound."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from selflearn.data.spec import Spec

SampleType = Literal["int16", "float32"]


class SoundSpec(Spec):
    """Recordings at one rate, all of one length or padded to the longest.

    Attributes
    ----------
    rate : samples a second.
    channels : how many.
    length : samples of a recording: of every one, or of the longest if they vary.
    usual : samples that three in four recordings do not exceed; views for learning show at most so much of one.
    varies : whether recordings differ in length, so that batches have a mask.
    windowed : whether they are windows of longer ones; new recordings are then cut alike.
    stride : samples from one window to the next; 0 where they are no windows.
    dtype : as stored: "int16", of which 32,768 is full scale, or "float32", of which 1 is.
    """

    kind: ClassVar[str] = "sound"
    rate: int = Field(ge=1)
    channels: int = Field(default=1, ge=1)
    length: int = Field(ge=2)
    usual: int = Field(ge=2)
    varies: bool = False
    windowed: bool = False
    stride: int = Field(default=0, ge=0)
    dtype: SampleType = "int16"

    @model_validator(mode="after")
    def _agree(self) -> SoundSpec:
        if self.usual > self.length:
            raise ValueError(f"the usual length, {self.usual}, is no more than the longest, {self.length}")
        return self

    @property
    def full(self) -> float:
        """The stored value of full scale."""
        return 32_768.0 if self.dtype == "int16" else 1.0

    def describe(self) -> str:
        """E.g. "sound at 8 kHz, up to 1.68 s each"."""
        many = f", {self.channels} channels" if self.channels > 1 else ""
        form = "windows of" if self.windowed else "up to" if self.varies else "each of"
        return f"sound at {self.rate / 1000:g} kHz{many}, {form} {self.length / self.rate:.3g} s"
