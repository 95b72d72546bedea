"""A part of a file, read as if it were a file of its own."""

from __future__ import annotations

import io
import os
import threading


class Window(io.RawIOBase):
    """Bytes [offset, offset + size) of an open file, read by position: several may read one descriptor at a time.

    Parameters
    ----------
    file : open for reading, without a buffer; it stays open.
    """

    def __init__(self, file: io.FileIO, offset: int, size: int) -> None:
        super().__init__()
        self._file, self._offset, self._size, self._place = file, offset, size, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """As of any file."""
        return self._place

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """As of any raw file."""
        wanted = min(len(buffer), max(0, self._size - self._place))
        found = read_at(self._file, wanted, self._offset + self._place)
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


def opened(file: io.FileIO, offset: int, size: int) -> io.BufferedReader:
    """A buffered file of these bytes."""
    return io.BufferedReader(Window(file, offset, size), 16_384)


def read_at(file: io.FileIO, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`, fewer at the end of the file; threads do not disturb each other where the system can."""
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size, offset)
    with _SEEKING:
        file.seek(offset)
        return file.read(size)


_SEEKING = threading.Lock()
