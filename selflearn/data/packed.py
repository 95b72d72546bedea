"""Files of bytes, gzipped or not, opened alike: damage is told as such, and no more is unpacked than the memory can hold."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from selflearn.data.options import free_memory
from selflearn.errors import DataError

_BLOCK = 1 << 22


def is_packed(path: Path) -> bool:
    """Whether its name says that it is gzipped."""
    return path.suffix.lower() == ".gz"


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The file, opened; what is wrong with it while it is open is told too.

    Raises
    ------
    DataError : it cannot be read, or is no whole gzip file.
    """
    try:
        with cast(IO[bytes], gzip.open(path, "rb")) if is_packed(path) else path.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or no whole gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def content(path: Path, most: int | None = None) -> bytes:
    """What is in it, the first `most` bytes at most.

    Raises
    ------
    DataError : it cannot be read, is no whole gzip file, or unpacks to more than a quarter of the free memory.
    """
    parts, size, room = [], 0, free_memory() // 4
    with unpacked(path) as file:
        while part := file.read(_BLOCK if most is None else min(_BLOCK, most - size)):
            parts.append(part)
            size += len(part)
            if size > room:
                raise DataError(f"{path} holds more than {room / 1e9:.3g} GB; split it, or use Parquet, which is read in parts")
    return b"".join(parts)
