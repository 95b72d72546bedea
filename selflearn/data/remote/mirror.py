"""Remote files of any kind, copied into the cache once and then read as local ones; what is there is not asked for again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from selflearn.data.dataset import Skipped
from selflearn.data.locks import locked
from selflearn.data.options import ReadOptions
from selflearn.data.remote.files import Listing, Remote, fetch
from selflearn.data.remote.retry import said, threads
from selflearn.errors import DataError

_STATE = ".mirror.json"
_AT_ONCE = 8  # files that are on their way together
SHARE = 2  # one part in so many of the free disk may be filled


@dataclass
class Mirror:
    """Where the copies lie, what could not be copied, what a person should be told."""

    path: Path
    skipped: list[Skipped]
    notes: list[str]


def mirror(source: str, listing: Listing, options: ReadOptions) -> Mirror:
    """Local copies of all files of a listing, each whole or absent; those of an earlier time are kept where they are still true.

    Who wants what another process is copying waits for it.

    Raises
    ------
    DataError : they do not fit on the disk, or the server does not come back.
    """
    place = options.cache_folder / "mirror" / blake2b(source.encode(), digest_size=16).hexdigest()
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / ".lock"):
        return _mirrored(source, listing, options, place)


def _mirrored(source: str, listing: Listing, options: ReadOptions, place: Path) -> Mirror:
    known = _state(place)
    files = listing.files
    wanted = [each for each in files if not _there(place, each, known)]
    _check_room(source, place, wanted)
    _remove_others(place, {each.name for each in files})
    copying = _Copying(place, known, wanted, options.progress)
    with threads(_AT_ONCE) as pool:
        list(pool.map(copying.copy, wanted))
    copying.write_state()
    if copying.lost is not None:
        raise copying.lost
    copied = f"{len(wanted):,} of {len(files):,} files" if len(wanted) != len(files) else f"{len(files):,} files"
    size = sum(max(each.size, 0) for each in files)
    notes = (
        [f"{source} was copied to the cache ({copied} now, {size / 1e6:,.3g} MB in all) and is read from there"] if wanted else []
    )
    if copying.retries:
        notes.append(f"the server of {source} was asked again {copying.retries} times")
    path = place / files[0].name if listing.single else place
    return Mirror(path, [*listing.skipped, *copying.skipped], notes)


class _Copying:
    """Files on their way; what went wrong with each."""

    def __init__(
        self, place: Path, known: dict[str, list[object]], wanted: list[Remote], progress: Callable[[int, int], None] | None
    ) -> None:
        self.place, self.known, self.progress = place, known, progress
        self.total, self.done, self.retries = max(sum(max(each.size, 0) for each in wanted), 1), 0, 0
        self.skipped: list[Skipped] = []
        self.lost: DataError | None = None
        self._lock = threading.Lock()

    def copy(self, file: Remote) -> None:
        """Copy one file under another name, and give it its own when it is whole."""
        if self.lost is not None:
            return
        target = self.place / file.name
        part = target.with_name(f".{target.name[:80]}.{file.key}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fetch(file, part, self._retry, self._came)
            part.replace(target)
        except (FileNotFoundError, PermissionError) as error:
            with self._lock:
                self.skipped.append(
                    Skipped(file.url, "it is gone" if isinstance(error, FileNotFoundError) else "no permission to read it")
                )
            return
        except Exception as error:
            self.lost = error if isinstance(error, DataError) else DataError(f"{file.url} cannot be copied: {said(error)}")
            return
        with self._lock:
            self.known[file.name] = [file.size, file.mark, target.stat().st_size]
            if len(self.known) % 256 == 0:
                self.write_state()

    def write_state(self) -> None:
        """Note which copies are whole."""
        beside = self.place / f"{_STATE}.{os.getpid()}"
        beside.write_text(json.dumps(self.known), encoding="utf-8")
        beside.replace(self.place / _STATE)

    def _came(self, count: int) -> None:
        with self._lock:
            self.done += count
            if self.progress:
                self.progress(min(self.done, self.total), self.total)

    def _retry(self) -> None:
        with self._lock:
            self.retries += 1


def _state(place: Path) -> dict[str, list[object]]:
    try:
        found = json.loads((place / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _there(place: Path, file: Remote, known: dict[str, list[object]]) -> bool:
    """Whether the copy is of this very file and of the size it had. Where a server gives neither size nor mark, it is not known."""
    noted = known.get(file.name)
    if not noted or noted[:2] != [file.size, file.mark] or (file.size < 0 and not file.mark):
        return False
    with contextlib.suppress(OSError):
        return (place / file.name).stat().st_size == noted[2]
    return False


def _check_room(source: str, place: Path, wanted: list[Remote]) -> None:
    size, free = sum(max(each.size, 0) for each in wanted), shutil.disk_usage(place).free
    if size > free // SHARE:
        raise DataError(
            f"{source} has {size / 1e9:.3g} GB to copy, and {place.parent.parent} has {free / 1e9:.3g} GB free, of which half may "
            "be used. Set SELFLEARN_CACHE to a larger disk; pictures and recordings can stay where they are as tars or Parquet"
        )


def _remove_others(place: Path, names: set[str]) -> None:
    """Files that are no longer at the source would be read as if they were. Parts of such as are coming stay."""
    for each in place.rglob("*"):
        name = each.relative_to(place).as_posix()
        if each.is_file() and name not in names and not each.name.startswith("."):
            each.unlink(missing_ok=True)
