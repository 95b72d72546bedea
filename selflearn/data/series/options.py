"""How series are read: what a person may say of them (`--read key=value`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_listed)]


class SeriesReading(BaseModel):
    """Reading options of series.

    Attributes
    ----------
    form : of a table or array. "long": rows are steps, a column of ids says of which series. "wide": a row is a series,
        numbered columns are its steps. "recording": all rows are one long recording. "auto" finds out.
    window : steps of the windows that recordings are cut into; None cuts only where a source is a few long recordings.
    stride : steps from one window to the next; by default `window`, so that none overlap.
    time : the column of timestamps (numbers, or dates and times).
    id : the column that says which series a row belongs to.
    channels : the columns that are channels, as a list or joined by commas; by default all of numbers that are nothing else.
    rate : steps a second, where timestamps do not tell.
    joints : for skeletons: the channels are this many joints, each with equally many coordinates.
    devices : the channels are of this many devices that recorded together (wrist, chest, ankle), the same ones of each, one device
        after the other.
    longest : series of more steps are shortened, by averaging neighbours, all alike.
    part : "train" or "test" of a source that has both; by default both are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    form: Literal["auto", "long", "wide", "recording"] = "auto"
    window: int | None = Field(default=None, ge=2)
    stride: int | None = Field(default=None, ge=1)
    time: str | None = None
    id: str | None = None
    channels: Names | None = None
    rate: float | None = Field(default=None, gt=0)
    joints: int | None = Field(default=None, ge=1)
    devices: int | None = Field(default=None, ge=2)
    longest: int = Field(default=4096, ge=2)
    part: Literal["train", "test"] | None = None
