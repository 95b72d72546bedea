"""Decoded samples on disk: one folder a data set, complete or absent. Pictures and recordings are kept alike.

Values lie in a file of a fresh name, which is mapped, never loaded, and never renamed or written over (Windows refuses that while
it is mapped anywhere). An index of small arrays, which checks itself, says what lies where. `facts.json` names both, written last.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 2  # goes up when the same source is read as other samples: what older versions kept is decoded anew
_STALE = 24 * 3600  # seconds after which a file that no facts name is taken for the remains of a killed process
_BLOCK = 4096  # bytes
_PROBED = 256  # rows whose bytes are checked at each opening: a file of the right size may still hold pages never written


@dataclass
class Stored:
    """Values, and what is known of them.

    Attributes
    ----------
    values : one row a picture, or a sample of sound; mapped once it is stored.
    index : small arrays by name.
    facts : plain JSON.
    """

    values: np.ndarray
    index: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]


def content_key(values: np.ndarray, rows: np.ndarray | None = None) -> str:
    """A key of values: equal for equal rows in equal order. Above a gigabyte only evenly spread rows are read for it."""
    count = len(values) if rows is None else len(rows)
    each = max(values[:1].nbytes, 1)
    wanted = min(count, max(1024, 10**9 // each))
    digest = hashlib.blake2b(f"{count} {values.shape[1:]} {values.dtype}".encode(), digest_size=16)
    chosen = np.unique(np.linspace(0, count - 1, wanted).astype(np.int64)) if count else np.empty(0, dtype=np.int64)
    step = max(1, 32_000_000 // each)
    for start in range(0, len(chosen), step):
        part = chosen[start : start + step]
        digest.update(np.ascontiguousarray(values[part if rows is None else rows[part]]).tobytes())
    return digest.hexdigest()


def settled(place: Path) -> Path:
    """The mark that the samples of this place are not kept decoded.

    Whether there is room is a matter of the moment. A run that is resumed when there is more must find its data as it was.
    """
    return place.with_name(f"{place.name}.streamed")


def settle(place: Path) -> None:
    """Leave the mark, if it can be left."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        settled(place).touch()


class Cache:
    """The place of one data set's decoded samples.

    Parameters
    ----------
    folder : where all caches lie.
    kind : the room in it, one for each kind of data.
    key : of this data set and of the way it is stored.
    """

    def __init__(self, folder: Path, kind: str, key: str) -> None:
        self.place = folder / kind / key

    def load(self) -> Stored | None:
        """What was stored, its values mapped; None where nothing is, or where it is torn (it is then removed)."""
        if not (self.place / "facts.json").exists():
            return None
        try:
            return self._open()
        except Exception:  # whatever is wrong with it, it can be made anew
            for name in (*_named(self.place), "facts.json"):
                with contextlib.suppress(OSError):
                    (self.place / name).unlink()
            return None

    def begin(self, shape: tuple[int, ...], dtype: str) -> tuple[Path, np.ndarray]:
        """A new file in the place, and the array in it that is to be filled.

        Raises
        ------
        OSError : no room or no permission. The room is reserved here: a mapped file that outgrows a disk would kill the process.
        """
        self.place.mkdir(parents=True, exist_ok=True)
        self._sweep()
        descriptor, name = tempfile.mkstemp(prefix="values-", suffix=".npy", dir=self.place)
        os.close(descriptor)
        target = Path(name)
        try:
            values = np.lib.format.open_memmap(target, mode="w+", dtype=np.dtype(dtype), shape=shape)
            if hasattr(os, "posix_fallocate"):
                with target.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, target.stat().st_size)
        except BaseException:
            self.abandon(target)
            raise
        return target, values

    def finish(self, target: Path, made: Stored) -> Stored:
        """Seal what `begin` gave: the same data, mapped for reading. What another process finished first is as good."""
        assert isinstance(made.values, np.memmap)
        made.values.flush()
        finished = self.load()
        if finished is not None:
            self.abandon(target)
            return finished
        index, beside = _partner(target, "index.npz"), _partner(target, "facts.json")
        np.savez(index, **made.index)  # type: ignore[arg-type]
        facts = {
            "version": VERSION,
            "values": target.name,
            "index": index.name,
            "bytes": target.stat().st_size,
            "probe": _probe(made.values),
            **made.facts,
        }
        with beside.open("w", encoding="utf-8") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.place / "facts.json")
        stored = self.load()
        return made if stored is None else stored

    def abandon(self, target: Path) -> None:
        """Remove what was begun, and the place where nothing else is in it."""
        for each in (target, _partner(target, "index.npz"), _partner(target, "facts.json")):
            with contextlib.suppress(OSError):  # mapped, on Windows: it is swept later
                each.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.place.rmdir()

    def _open(self) -> Stored:
        facts = json.loads((self.place / "facts.json").read_text(encoding="utf-8"))
        file = self.place / Path(facts["values"]).name
        values = np.load(file, mmap_mode="r", allow_pickle=False)
        whole = facts["version"] == VERSION and facts["bytes"] == file.stat().st_size and facts["probe"] == _probe(values)
        if not whole:
            raise ValueError("torn cache")
        with np.load(self.place / Path(facts["index"]).name, allow_pickle=False) as index:
            return Stored(values, {name: index[name] for name in index.files}, facts)

    def _sweep(self) -> None:
        """Remove what no facts name and nobody has written to for a day, here and in the places beside."""
        for place in self.place.parent.iterdir():
            kept = {*_named(place), "facts.json"}
            for each in place.glob("*"):
                with contextlib.suppress(OSError):
                    if each.name not in kept and time.time() - each.stat().st_mtime > _STALE:
                        each.unlink()


def _named(place: Path) -> tuple[str, ...]:
    """The files that the facts of a place name; none where they cannot be read."""
    try:
        facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
        return Path(facts["values"]).name, Path(facts["index"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _partner(target: Path, name: str) -> Path:
    """The file that belongs to values under a fresh name: index-XYZ.npz of values-XYZ.npy."""
    stem, ending = name.split(".")
    return target.with_name(f"{target.stem.replace('values', stem)}.{ending}")


def _probe(values: np.ndarray) -> str:
    """A key of evenly spread rows, or where rows are small of the blocks of rows that begin there."""
    chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), _PROBED)).astype(np.int64))
    block = max(1, _BLOCK // max(values[:1].nbytes, 1))
    digest = hashlib.blake2b(digest_size=16)
    for row in chosen:
        digest.update(np.ascontiguousarray(values[row : row + block]).tobytes())
    return digest.hexdigest()


class Mapped:
    """Mixed into a dataset whose `values` may be a mapped file: other processes map it themselves instead of being sent it."""

    values: np.ndarray

    def __getstate__(self) -> dict[str, Any]:
        # A worker process maps the file itself; pickled plainly, a mapped array would be read and sent whole.
        state = dict(self.__dict__)
        if isinstance(self.values, np.memmap) and isinstance(self.values.base, mmap):  # the whole file, not a slice of it
            state["values"] = _File(str(self.values.filename))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state["values"], _File):
            state["values"] = state["values"].open()
        self.__dict__.update(state)


@dataclass(frozen=True)
class _File:
    path: str

    def open(self) -> np.ndarray:
        mapped: np.ndarray = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return mapped
