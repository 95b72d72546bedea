"""How shards are read: what a person may say of it (`--read key=value`), for every kind that comes in them."""

from __future__ import annotations

from pydantic import BaseModel, ByteSize, ConfigDict, Field


class ShardReading(BaseModel):
    """Reading options of shards.

    Attributes
    ----------
    shuffle : bytes of shards whose samples are shuffled together (``1GB``); it decides the order of batches.
    store : bytes on disk that fetched shards may take; None for a quarter of what is free.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    shuffle: ByteSize | None = Field(default=None, ge=1)
    store: ByteSize | None = Field(default=None, ge=1)
