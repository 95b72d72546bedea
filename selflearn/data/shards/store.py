"""Shards that were fetched, in one folder bounded in bytes, shared by all processes of a machine; the longest unused goes first.

A file comes under a fresh name and gets its own when it is whole. Who wants one that another process is fetching waits for it; a
process that dies while fetching leaves only a part, which is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from selflearn.data.locks import locked
from selflearn.errors import DataError

SHARE = 4  # one part in so many of the free disk, if nobody says
_STALE = 3600.0  # seconds after which a part is taken for that of a process that died
_TOUCHED = 5.0  # seconds in which a use is not noted again


class Store:
    """A bounded folder of files by key.

    Parameters
    ----------
    folder : where they lie; made when needed.
    limit : bytes that they may take together; None for a quarter of what is free, and what they take now.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        self.limit = limit if limit is not None else self._fair_share()
        self._touched: dict[str, float] = {}

    def find(self, key: str) -> Path | None:
        """The file of a key, marked as used; None where it is not here."""
        path = self.folder / f"{key}.shard"
        now = time.monotonic()
        if now - self._touched.get(key, -_TOUCHED) < _TOUCHED and path.exists():
            return path
        try:
            os.utime(path)
        except OSError:
            return None
        self._touched[key] = now
        return path

    def get(self, key: str, size: int, make: Callable[[Path], None], wait: bool = True) -> Path | None:
        """The file of a key, made by `make(path)` where it is not here.

        Parameters
        ----------
        size : bytes it will take, about.
        wait : for another process that is making it; else the answer is then None.

        Raises
        ------
        DataError : the disk has no room for it. Exception : whatever `make` raises.
        """
        found = self.find(key)
        if found is not None:
            return found
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked(key, wait) as mine:
            if not mine:
                return None
            found = self.find(key)
            return found if found is not None else self._make(key, size, make)

    def used(self) -> int:
        """Bytes taken now, parts included."""
        return sum(size for _, size, _ in self._files())

    def _make(self, key: str, size: int, make: Callable[[Path], None]) -> Path:
        self._make_room(size)
        descriptor, name = tempfile.mkstemp(prefix=f"{key}.", suffix=".part", dir=self.folder)
        os.close(descriptor)
        part, target = Path(name), self.folder / f"{key}.shard"
        try:
            make(part)
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self._make_room(0)
        self._touched[key] = time.monotonic()
        return target

    def _make_room(self, wanted: int) -> None:
        """Remove what was not used for longest until `wanted` more bytes fit; a file in use elsewhere stays readable there."""
        with self._locked("room", True):
            files = sorted(self._files(), key=lambda each: each[2])
            taken = sum(size for _, size, _ in files)
            for path, size, used in files:
                stale = path.suffix == ".part" and time.time() - used > _STALE
                if stale or (taken + wanted > self.limit and path.suffix == ".shard" and not self._newest(path, files)):
                    with contextlib.suppress(OSError):
                        path.unlink()
                        taken -= size
        if wanted > shutil.disk_usage(self.folder).free:
            raise DataError(
                f"a shard of {wanted / 1e9:.3g} GB does not fit on the disk of {self.folder}; set SELFLEARN_CACHE to a larger one"
            )

    @staticmethod
    def _newest(path: Path, files: list[tuple[Path, int, float]]) -> bool:
        """The one that was used last stays, be it larger than the limit: without it no work would go on."""
        return path == max((each for each in files if each[0].suffix == ".shard"), key=lambda each: each[2])[0]

    def _files(self) -> list[tuple[Path, int, float]]:
        """Path, bytes and time of last use of every file."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith((".shard", ".part")):
                    with contextlib.suppress(OSError):
                        state = entry.stat()
                        found.append((Path(entry.path), state.st_size, state.st_mtime))
        return found

    def _fair_share(self) -> int:
        existing = next(each for each in (self.folder, *self.folder.parents) if each.exists())
        return self.used() + shutil.disk_usage(existing).free // SHARE

    def _locked(self, name: str, wait: bool) -> AbstractContextManager[bool]:
        """Whether the lock of a name is had."""
        return locked(self.folder / f"{name}.lock", wait)
