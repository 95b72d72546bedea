"""Pictures in shards, here or elsewhere: recognised by a few of their members, read at random, never unpacked."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
from PIL import Image

from selflearn.data.images.collect import collect
from selflearn.data.images.decode import ENDINGS, FORMATS, HEADERS, as_row, examine, reason
from selflearn.data.images.folder import looks_like_a_picture
from selflearn.data.images.origins import Origin
from selflearn.data.images.store import Images
from selflearn.data.options import ReadOptions, kind_options
from selflearn.data.shards.files import Shards
from selflearn.data.shards.gather import Members, gather
from selflearn.data.shards.peek import judged
from selflearn.data.shards.reading import ShardReading


class Headers:
    """Looks at the headers of pictures for `gather`."""

    kind, dtype = "image", HEADERS

    def wants(self, name: str, head: bytes | None = None) -> bool:
        """By its ending, else by its first bytes."""
        return name[name.rfind(".") :].lower() in ENDINGS or (head is not None and looks_like_a_picture(head))

    def look(self, file: IO[bytes]) -> tuple[Any, ...]:
        """A row of `HEADERS`."""
        with Image.open(file, formats=FORMATS) as image:
            return as_row(examine(image))

    def reason(self, error: BaseException) -> str:
        """For a person."""
        return reason(error)


class ShardOrigin(Origin):
    """The pictures of shards, as `collect` needs them."""

    def __init__(self, members: Members) -> None:
        self.access, self.blocks = members.access, members.blocks
        self.part, self.offset, self.size, self.about, self.key = (
            members.part,
            members.offset,
            members.size,
            members.about,
            members.stamp,
        )

    def __len__(self) -> int:
        return len(self.part)

    def open(self, position: int) -> Image.Image:
        """The picture, its bytes read now."""
        return Image.open(io.BytesIO(self.encoded(position)), formats=FORMATS)

    def encoded(self, position: int) -> bytes:
        """As it lies there."""
        return self.access.bytes(int(self.part[position]), int(self.offset[position]), int(self.size[position]))

    def stamp(self) -> str:
        """Of all shards."""
        return self.key

    def headers(self) -> np.ndarray:
        """As they were found when the shards were looked through."""
        return self.about

    def approach(self, position: int) -> None:
        """The next part follows."""
        following = int(self.part[position]) + 1
        self.access.prepare([each for each in (following - 1, following) if each < len(self.access.parts)])

    def prepare(self, blocks: Sequence[int]) -> None:
        """Fetched in the background."""
        self.access.prepare(blocks)

    def made_ready(self, positions: np.ndarray) -> Iterator[np.ndarray]:
        """By part, the parts fetched some together, never more than have room."""
        return self.access.grouped(self.part[positions])

    def incidents(self) -> list[str]:
        """Retries and lost shards."""
        return self.access.incidents()


def judge_shards(shards: Shards) -> tuple[float, str]:
    """How certain it is that they hold pictures, by a few members of the first that can be read."""
    return judged(shards, Headers(), "pictures")


def read_shards(shards: Shards, options: ReadOptions) -> Images:
    """The pictures of shards.

    Raises
    ------
    DataError : none is usable; a server that does not come back; no room.
    """
    reading = kind_options(ShardReading, options)
    return collect_members(gather(shards, Headers(), options, reading.shuffle, reading.store), options)


def collect_members(members: Members, options: ReadOptions) -> Images:
    """What was found in shards as a dataset: decoded into the cache where it fits, else for each batch."""
    found = collect(ShardOrigin(members), members.facts, options)
    members.access.let_go()  # from here on worker processes read
    return found
