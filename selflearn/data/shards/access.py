"""Members of shards, opened by position in a part: from local files, or from the bounded store, into which parts are fetched."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

from selflearn.data.remote.files import fetch
from selflearn.data.remote.retry import be_impatient, said, threads
from selflearn.data.shards import columnar
from selflearn.data.shards.files import Forbidden, Gone, ShardFile
from selflearn.data.shards.store import Store
from selflearn.data.shards.window import Window, read_at
from selflearn.errors import DataError

AT_ONCE = 4  # shards that one process fetches together
_OPENED_AGAIN = 5
_OPEN = 256  # files that one process keeps open


@dataclass(frozen=True)
class Part:
    """What is fetched at a time: a tar, or some row groups of a Parquet file."""

    file: ShardFile
    number: int
    first: int
    last: int
    size: int

    @property
    def key(self) -> str:
        """In the store."""
        return f"{self.file.key}-{self.number}"

    @property
    def is_file(self) -> bool:
        """Whether it is a local file as it lies there."""
        return self.file.form == "tar" and self.file.path is not None

    def write(self, target: Path, on_retry: Callable[[], None]) -> None:
        """Fetch it. Raises `Gone` where it is there no more, `Forbidden` where it may not be read."""
        try:
            if self.file.form == "tar":
                assert self.file.remote is not None
                target.unlink(missing_ok=True)
                fetch(self.file.remote, target, on_retry)
            else:
                columnar.write_part(self.file, self.first, self.last, target, on_retry)
        except FileNotFoundError as error:
            raise Gone("it is gone") from error
        except PermissionError as error:
            raise Forbidden("there is no permission to read it") from error


class Access:
    """Opens members of parts, fetching parts when needed. Can be sent to worker processes, which share store and counts.

    Parameters
    ----------
    parts : of all shards.
    store : where what is fetched lies.

    Attributes
    ----------
    retries : requests that were made again. gone : (parts,) which went away. Of all processes together.
    """

    def __init__(self, parts: Sequence[Part], store: Store) -> None:
        self.parts, self.store = list(parts), store
        self.retries = torch.zeros(1, dtype=torch.int64).share_memory_()
        self.gone = torch.zeros(len(self.parts), dtype=torch.bool).share_memory_()
        self._start()

    def _start(self) -> None:
        self._open: OrderedDict[int, io.FileIO] = OrderedDict()
        self._coming: set[int] = set()
        self._queue: SimpleQueue[int] | None = None
        self._lock = threading.Lock()
        self._process = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("parts", "store", "retries", "gone")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def file(self, part: int, offset: int, size: int) -> io.BufferedReader:
        """A member as a file."""
        return io.BufferedReader(Window(self._opened(part), offset, size), 16_384)

    def bytes(self, part: int, offset: int, size: int) -> bytes:
        """A member whole."""
        return read_at(self._opened(part), size, offset)

    def let_go(self) -> None:
        """Close what is open: a process that reads no more would keep its room on the disk."""
        with self._lock:
            self._open.clear()

    def grouped(self, parts: np.ndarray) -> Iterator[np.ndarray]:
        """Places in `parts` (of members), by part; those of a few parts at a time, which are fetched together before."""
        self._own()
        order = np.argsort(parts, kind="stable")
        borders = np.flatnonzero(np.diff(parts[order])) + 1
        for places in np.split(order, borders[AT_ONCE - 1 :: AT_ONCE]):
            missing = [each for each in np.unique(parts[places]).tolist() if not self._here(each)]
            if len(missing) > 1:
                with threads(AT_ONCE) as pool:
                    list(pool.map(self._try, missing))
            yield places

    def prepare(self, parts: Sequence[int]) -> None:
        """Fetch these parts in the background, in this order; what fails is left to those who ask."""
        self._own()
        for each in parts:
            with self._lock:
                if each in self._coming or self.gone[each] or self._here(each):
                    continue
                self._coming.add(each)
            if self._queue is None:
                self._queue = SimpleQueue()
                threading.Thread(target=self._fetcher, args=(self._queue,), daemon=True).start()
            self._queue.put(each)

    def incidents(self) -> list[str]:
        """Retries and lost shards, in all processes, counted."""
        retries, gone = int(self.retries), int(self.gone.sum())
        lines = [f"the server was away or slow: {retries} requests for shards were made again"] if retries else []
        went = "1 shard" if gone == 1 else f"{gone:,} shards"
        return lines + ([f"{went} went away while being read: plain samples took the place of what was in there"] if gone else [])

    def _try(self, part: int) -> None:
        with contextlib.suppress(Gone):
            self._path(part, wait=True)

    def _fetcher(self, queue: SimpleQueue[int]) -> None:
        """Works in the background, and dies with the process, whatever it is waiting for."""
        be_impatient()
        while True:
            part = queue.get()
            with contextlib.suppress(Exception):  # who needs it will hear
                self._path(part, wait=False)
            self._coming.discard(part)

    def _here(self, part: int) -> bool:
        return part in self._open or self.parts[part].is_file or self.store.find(self.parts[part].key) is not None

    def _opened(self, part: int) -> io.FileIO:
        """An open file, kept open: a store that drops it meanwhile does no harm. Who reads it holds it, be it let go here."""
        self._own()
        with self._lock:
            known = self._open.get(part)
            if known is not None:
                self._open.move_to_end(part)
                self.store.find(self.parts[part].key)  # noted as used, lest others must fetch it again
                return known
        file = self._open_now(part)
        with self._lock:
            dropped = [each for each, kept in self._open.items() if not os.fstat(kept.fileno()).st_nlink]
            for each in dropped:  # by the store, whose room on the disk an open file would go on taking
                del self._open[each]
            self._open[part] = file
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return file

    def _open_now(self, part: int) -> io.FileIO:
        for _ in range(_OPENED_AGAIN):  # another process may make room between finding a file and opening it
            path = self._path(part, wait=True)
            assert path is not None
            try:
                with contextlib.suppress(FileNotFoundError):
                    return io.FileIO(path)
            except PermissionError as error:
                raise _forbidden(self.parts[part].file) from error
            if self.parts[part].is_file:
                self._lose(part, "it is gone")
                raise Gone(f"{path} is gone")
        raise DataError(f"{self.store.folder} is too small for all who use it: shards are dropped before they can be read")

    def _path(self, part: int, wait: bool) -> Path | None:
        chosen = self.parts[part]
        if self.gone[part]:
            self._check_enough(part)
            raise Gone(f"{chosen.file.where} is gone")
        if chosen.is_file:
            return chosen.file.path
        try:
            return self.store.get(chosen.key, max(chosen.size, 0), lambda target: chosen.write(target, self._retried), wait)
        except Forbidden as error:
            raise _forbidden(chosen.file) from error
        except Gone as error:
            self._lose(part, str(error))
            raise
        except DataError:
            raise
        except Exception as error:
            raise DataError(f"{chosen.file.where} cannot be fetched: {said(error)}") from error

    def _lose(self, part: int, why: str) -> None:
        if not self.gone[part]:
            self.gone[part] = True
            where = self.parts[part].file.where
            warnings.warn(f"{where}: {why}; plain samples take the place of what was in there", RuntimeWarning, stacklevel=2)
        self._check_enough(part)

    def _check_enough(self, part: int) -> None:
        """Refuse to go on where plain samples would be most of what is learned from."""
        gone = int(self.gone.sum())
        if 2 * gone > len(self.parts):
            raise DataError(
                f"{gone:,} of {len(self.parts):,} shards, or parts of them, have gone away, such as {self.parts[part].file.where}; "
                "when they are there again, the run can be continued with --resume"
            )

    def _retried(self) -> None:
        self.retries += 1

    def _own(self) -> None:
        """A forked process begins with nothing open: positions are shared, threads are not there."""
        if self._process != os.getpid():
            self._start()


def _forbidden(file: ShardFile) -> DataError:
    """What could be read and may no longer be: soon all the others, too. Plain samples would hide it."""
    return DataError(
        f"there is no permission to read {file.where} any more: has a key expired, or is the clock of this machine wrong? When it "
        "can be read again, the run can be continued with --resume"
    )
