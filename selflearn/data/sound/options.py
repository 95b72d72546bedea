"""How sound is read: what a person may say of it (`--read key=value`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from selflearn.data.shards.reading import ShardReading


class SoundReading(ShardReading):
    """Reading options of sound, beside those of shards.

    Attributes
    ----------
    rate : samples a second at which recordings are kept; others are resampled. By default the rate that most of them have, at
        most 16,000. For arrays, which do not tell, it is the rate they have.
    channels : "mono" keeps the mean of all channels, "all" keeps each.
    window : seconds of the windows that recordings are cut into; None cuts only where a source is a few long recordings.
    stride : seconds from one window to the next; by default `window`, so that none overlap.
    longest : seconds of a recording that are kept, where it is not cut into windows.
    part : "train" or "test" of an archive that has both; by default both are read.
    """

    rate: int | None = Field(default=None, ge=1000, le=384_000)
    channels: Literal["mono", "all"] = "mono"
    window: float | None = Field(default=None, ge=0.05, le=3600)
    stride: float | None = Field(default=None, ge=0.01, le=3600)
    longest: float = Field(default=12.0, ge=0.05, le=3600)
    part: Literal["train", "test"] | None = None
