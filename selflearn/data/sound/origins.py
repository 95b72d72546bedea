"""Where recordings lie: files, encoded bytes, or arrays. Each is read one at a time, by position."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from selflearn.data.samplers import Blocks
from selflearn.data.sound import decode
from selflearn.data.sound.decode import Header, Unreadable
from selflearn.data.walk import stamp_of


class Origin(Protocol):
    """Recordings, read one at a time; it can be sent to worker processes.

    Attributes
    ----------
    blocks : which recordings are cheap to read together; None where any is as cheap as any other.
    """

    blocks: Blocks | None = None

    def __len__(self) -> int: ...

    def header(self, position: int) -> Header:
        """What is known before decoding. Raises whatever is wrong with it."""
        ...

    def read(self, position: int, begin: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
        """(samples, channels) float32, and their rate."""
        ...

    def stamp(self) -> str | None:
        """A key that changes when any recording does, without reading them; None where there is none."""
        ...

    def compressed(self) -> bool:
        """Whether any needs more than the standard library."""
        return False

    def prepare(self, blocks: Sequence[int]) -> None:
        """Make these blocks ready without waiting."""
        return

    def incidents(self) -> list[str]:
        """What went wrong and was overcome, one sentence each."""
        return []


class Recordings(Origin):
    """Recordings as files, or as encoded bytes.

    Parameters
    ----------
    items : paths, relative to `root` or absolute; bytes; or the {"bytes", "path"} of Hugging Face files.
    root : what relative paths are relative to.
    """

    def __init__(self, items: Sequence[Any], root: Path) -> None:
        self.items, self.root = list(items), root

    def __len__(self) -> int:
        return len(self.items)

    def header(self, position: int) -> Header:
        """The file's own."""
        return decode.examine(self._source(position))

    def read(self, position: int, begin: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
        """Decoded now."""
        return decode.decode(self._source(position), begin, seconds)

    def stamp(self) -> str | None:
        """Of paths, sizes and times of change; None where not all are files."""
        return stamp_of(self.root, self.items) if all(isinstance(each, str) for each in self.items) else None

    def compressed(self) -> bool:
        """Whether any needs more than the standard library."""
        return any(not isinstance(each, str) or not each.lower().endswith((".wav", ".wave")) for each in self.items)

    def _source(self, position: int) -> str | bytes:
        item = self.items[position]
        if isinstance(item, dict):
            item = item.get("bytes") or item.get("path")
        if isinstance(item, bytes):
            return item
        if isinstance(item, str | Path):
            return os.path.join(self.root, item)
        raise Unreadable(f"a {type(item).__name__} is no recording" if item is not None else "there is no recording (None)")


class Arrays(Origin):
    """Recordings in memory, end to end.

    Parameters
    ----------
    values : (samples,) or (samples, channels) whole or real numbers; whole ones have the full scale of their type.
    offsets : (recordings + 1,) where each begins and the last ends.
    rate : samples a second.
    """

    def __init__(self, values: np.ndarray, offsets: np.ndarray, rate: int) -> None:
        self.values = values if values.ndim == 2 else values[:, None]
        self.offsets, self.rate = offsets.astype(np.int64), rate

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def header(self, position: int) -> Header:
        """From the offsets."""
        frames = int(self.offsets[position + 1] - self.offsets[position])
        if frames < 1:
            raise Unreadable("it has a length of zero")
        deep = self.values.dtype.kind == "f" or self.values.dtype.itemsize > 2
        return Header(frames, self.rate, self.values.shape[1], deep)

    def read(self, position: int, begin: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
        """A piece of the array at unit scale."""
        first, last = (int(each) for each in self.offsets[position : position + 2])
        first = min(first + round(begin * self.rate), last)
        last = last if seconds is None else min(last, first + round(seconds * self.rate))
        return at_unit_scale(self.values[first:last]), self.rate

    def stamp(self) -> None:
        """None: arrays are not kept again on disk."""
        return


def at_unit_scale(values: np.ndarray) -> np.ndarray:
    """float32 whose full scale is 1."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    half = 2.0 ** (8 * values.dtype.itemsize - 1)
    shift = half if values.dtype.kind == "u" else 0.0
    return ((values.astype(np.float64) - shift) / half).astype(np.float32)
