"""Recordings in shards, here or elsewhere: recognised by a few of their members, read at random, never unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from selflearn.data.options import ReadOptions
from selflearn.data.shards.files import Shards
from selflearn.data.shards.gather import Members, gather
from selflearn.data.shards.peek import judged
from selflearn.data.sound import decode
from selflearn.data.sound.collect import collect
from selflearn.data.sound.decode import ENDINGS, UNREAD, Header
from selflearn.data.sound.options import SoundReading
from selflearn.data.sound.origins import Origin
from selflearn.data.sound.store import Sound

_HEADERS = np.dtype([("frames", "<i8"), ("rate", "<i4"), ("channels", "<i4"), ("deep", "?")])


class Headers:
    """Looks at the headers of recordings for `gather`."""

    kind, dtype = "sound", _HEADERS

    def wants(self, name: str, head: bytes | None = None) -> bool:
        """By its ending, else by its first bytes."""
        ending = name[name.rfind(".") :].lower()
        return ending in ENDINGS or ending in UNREAD or (head is not None and decode.looks_like_sound(head))

    def look(self, file: IO[bytes]) -> tuple[Any, ...]:
        """A row of the headers."""
        header = decode.examine(file.read())
        return header.frames, header.rate, header.channels, header.deep

    def reason(self, error: BaseException) -> str:
        """For a person."""
        return decode.reason(error)


class ShardOrigin(Origin):
    """The recordings of shards, as `collect` needs them."""

    def __init__(self, members: Members) -> None:
        self.members, self.blocks = members, members.blocks
        self._names = [name.lower() for name in members.facts.ids[:1000]]

    def __len__(self) -> int:
        return len(self.members)

    def header(self, position: int) -> Header:
        """As it was found when the shards were looked through."""
        return Header(*self.members.about[position].item())

    def read(self, position: int, begin: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
        """Decoded now."""
        members = self.members
        place = int(members.part[position]), int(members.offset[position]), int(members.size[position])
        return decode.decode(members.access.bytes(*place), begin, seconds)

    def stamp(self) -> str:
        """Of all shards."""
        return self.members.stamp

    def prepare(self, blocks: Sequence[int]) -> None:
        """Fetched in the background."""
        self.members.access.prepare(blocks)

    def incidents(self) -> list[str]:
        """Retries and lost shards."""
        return self.members.access.incidents()

    def compressed(self) -> bool:
        """Whether any needs more than the standard library."""
        return any(not name.endswith((".wav", ".wave")) for name in self._names)


def judge_shards(shards: Shards) -> tuple[float, str]:
    """How certain it is that they hold recordings, by a few members of the first that can be read."""
    return judged(shards, Headers(), "recordings")


def read_shards(shards: Shards, reading: SoundReading, options: ReadOptions) -> Sound:
    """The recordings of shards.

    Raises
    ------
    DataError : none is usable; a server that does not come back; no room.  MissingExtraError : soundfile is not installed.
    """
    members = gather(shards, Headers(), options, reading.shuffle, reading.store, "recordings")
    found = collect(ShardOrigin(members), members.facts, reading, options)
    members.access.let_go()  # from here on worker processes read
    return found
