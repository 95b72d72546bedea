"""Where encoded pictures lie: files, blobs in one buffer, or objects in memory. Each opens one picture at a time, by position."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from selflearn.data.images.decode import FORMATS, Unreadable
from selflearn.data.samplers import Blocks
from selflearn.data.walk import stamp_of


class Origin(Protocol):
    """Encoded pictures, opened one at a time; it can be sent to worker processes.

    Attributes
    ----------
    blocks : which pictures are cheap to read together; None where any is as cheap as any other.
    """

    blocks: Blocks | None = None

    def __len__(self) -> int: ...

    def open(self, position: int) -> Image.Image:
        """The picture, its pixels not decoded yet. Raises whatever is wrong with it."""
        ...

    def stamp(self) -> str | None:
        """A key that changes when any picture does, without reading them; None where there is none."""
        ...

    def encoded(self, position: int) -> bytes:
        """The file that the picture is; of one that is no file, as PNG."""
        with self.open(position) as image:
            return as_png(image)

    def headers(self) -> np.ndarray | None:
        """(n,) rows of `HEADERS`, where all pictures were looked at before; else None."""
        return None

    def approach(self, position: int) -> None:
        """Told, while pictures are read in their order, which is read now: what follows may be made ready. Does not wait."""
        return

    def prepare(self, blocks: Sequence[int]) -> None:
        """Make these blocks ready without waiting."""
        return

    def made_ready(self, positions: np.ndarray) -> Iterator[np.ndarray]:
        """Places in `positions` of pictures that are best opened now, some at a time; what these need is ready then."""
        yield np.arange(len(positions))

    def incidents(self) -> list[str]:
        """What went wrong and was overcome, one sentence each."""
        return []


class Files(Origin):
    """Picture files below a root.

    Parameters
    ----------
    root : what the paths are relative to.
    paths : relative (or absolute) paths.
    """

    def __init__(self, root: Path, paths: Sequence[str]) -> None:
        self.root, self.paths = root, list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def open(self, position: int) -> Image.Image:
        """The picture; its file stays open until its pixels are loaded or it is collected."""
        path = os.path.join(self.root, self.paths[position])  # pathlib would take as long as opening
        try:
            return Image.open(path, formats=FORMATS)
        except Image.UnidentifiedImageError:
            if os.path.getsize(path) == 0:
                raise Unreadable("the file is empty (0 bytes)") from None
            raise

    def encoded(self, position: int) -> bytes:
        """As it lies there."""
        return Path(self.root, self.paths[position]).read_bytes()

    def stamp(self) -> str:
        """Of root, relative paths, sizes and times of change."""
        return stamp_of(self.root, self.paths)


class Blobs(Origin):
    """Encoded pictures end to end in one buffer.

    Parameters
    ----------
    buffer : (bytes,) uint8.
    offsets : (n + 1,) where each begins; the last is where the last one ends.
    key : of the file they come from.
    """

    def __init__(self, buffer: np.ndarray, offsets: np.ndarray, key: str) -> None:
        self.buffer, self.offsets, self.key = buffer, offsets.astype(np.int64), key

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def open(self, position: int) -> Image.Image:
        """The picture."""
        begin, end = self.offsets[position : position + 2]
        if not 0 <= begin < end <= len(self.buffer):
            raise Unreadable("it has no bytes")
        return Image.open(io.BytesIO(self.buffer[begin:end].tobytes()), formats=FORMATS)

    def encoded(self, position: int) -> bytes:
        """As it lies there."""
        begin, end = self.offsets[position : position + 2]
        return self.buffer[begin:end].tobytes()

    def stamp(self) -> str:
        """Of the file they come from."""
        return self.key


class Objects(Origin):
    """Pictures as objects: PIL pictures, encoded bytes, paths, or the {"bytes", "path"} of Hugging Face files.

    Parameters
    ----------
    items : anything indexed by position that gives such objects.
    root : what relative paths are relative to.
    key : changes when any item does; None where nobody knows.
    """

    def __init__(self, items: Any, root: Path | None = None, key: str | None = None) -> None:
        self.items, self.root, self.key = items, root or Path(), key

    def __len__(self) -> int:
        return len(self.items)

    def open(self, position: int) -> Image.Image:
        """The picture: a copy that may be changed."""
        item = self.items[position]
        if isinstance(item, Image.Image):
            return item.copy()
        if isinstance(item, dict) and ("bytes" in item or "path" in item):
            item = item.get("bytes") or item.get("path")
        if isinstance(item, bytes | bytearray | memoryview):
            return Image.open(io.BytesIO(item), formats=FORMATS)
        if isinstance(item, str | Path):
            return Files(self.root, [str(item)]).open(0)
        raise Unreadable(f"a {type(item).__name__} is no picture" if item is not None else "there is no picture (None)")

    def stamp(self) -> str | None:
        """The key it was given."""
        return self.key


def as_png(image: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
