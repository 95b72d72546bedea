"""Decoded pictures on disk: one folder a data set, written beside and renamed whole, so that a cache is complete or absent.

`values.npy` is mapped, never loaded; `index.npz` (which checks itself) says which file each row came from; `facts.json` comes last.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VERSION = 1
_STALE = 24 * 3600  # seconds after which a half-written folder is taken for the remains of a killed process
_PROBED = 256  # rows whose bytes are checked at each opening: a file of the right size may still hold pages never written


@dataclass
class Decoded:
    """Pictures as arrays, and what happened on the way.

    Attributes
    ----------
    values : (stored, channels, height, width).
    rows : (n,) which row holds each usable picture.
    positions : (n,) which picture of the origin each is.
    aspect : (n,) float32 original width / height; None where the stored proportions are the true ones.
    failed : position of the origin -> why it could not be used.
    notes : what a person should be told.
    content : key of the pixels.
    """

    values: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    aspect: np.ndarray | None
    failed: dict[int, str]
    notes: list[str]
    content: str


def content_key(values: np.ndarray, rows: np.ndarray | None = None) -> str:
    """A key of pixels: equal for equal pictures in equal order. Above a gigabyte only evenly spread pictures are read for it."""
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


class Cache:
    """The place of one data set's decoded pictures.

    Parameters
    ----------
    folder : where all caches lie.
    key : of this data set and of the way it is stored.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.place = folder / "images" / key

    def load(self) -> Decoded | None:
        """What was stored, its values mapped; None where nothing is, or where it is torn (it is then removed)."""
        if not self.place.exists():
            return None
        try:
            return self._open()
        except Exception:  # whatever is wrong with it, it can be made anew
            shutil.rmtree(self.place, ignore_errors=True)
            return None

    def begin(self, shape: tuple[int, ...], dtype: str) -> tuple[Path, np.ndarray]:
        """A folder beside the place, with an array in it to be filled.

        Raises
        ------
        OSError : no room or no permission. The room is reserved here: a mapped file that outgrows a disk would kill the process.
        """
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        beside = Path(tempfile.mkdtemp(prefix=f"{self.place.name}.partial-", dir=self.place.parent))
        try:
            target = beside / "values.npy"
            values = np.lib.format.open_memmap(target, mode="w+", dtype=np.dtype(dtype), shape=shape)
            if hasattr(os, "posix_fallocate"):
                with target.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, target.stat().st_size)
        except BaseException:
            self.abandon(beside)
            raise
        return beside, values

    def finish(self, beside: Path, decoded: Decoded) -> Decoded:
        """Seal what `begin` gave and move it to its place; the same data, mapped from there."""
        assert isinstance(decoded.values, np.memmap)
        decoded.values.flush()
        arrays = {"rows": decoded.rows, "positions": decoded.positions}
        if decoded.aspect is not None:
            arrays["aspect"] = decoded.aspect
        np.savez(beside / "index.npz", **arrays)  # type: ignore[arg-type]
        facts = {
            "version": VERSION,
            "bytes": (beside / "values.npy").stat().st_size,
            "probe": _probe(decoded.values),
            "failed": {str(position): why for position, why in decoded.failed.items()},
            "notes": decoded.notes,
            "content": decoded.content,
        }
        with (beside / "facts.json").open("w", encoding="utf-8") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # another process may have finished the same data first: then its cache is as good
            beside.rename(self.place)
        stored = self.load()
        self.abandon(beside)
        return decoded if stored is None else stored

    def abandon(self, beside: Path) -> None:
        """Remove an unfinished folder."""
        shutil.rmtree(beside, ignore_errors=True)

    def _open(self) -> Decoded:
        facts = json.loads((self.place / "facts.json").read_text(encoding="utf-8"))
        values = np.load(self.place / "values.npy", mmap_mode="r", allow_pickle=False)
        whole = (
            facts["version"] == VERSION
            and facts["bytes"] == (self.place / "values.npy").stat().st_size
            and facts["probe"] == _probe(values)
        )
        if not whole:
            raise ValueError("torn cache")
        with np.load(self.place / "index.npz", allow_pickle=False) as index:
            aspect = index["aspect"] if "aspect" in index.files else None
            rows, positions = index["rows"], index["positions"]
        failed = {int(position): why for position, why in facts["failed"].items()}
        return Decoded(values, rows, positions, aspect, failed, facts["notes"], facts["content"])

    def _sweep(self) -> None:
        for each in self.place.parent.glob("*.partial-*"):
            with contextlib.suppress(OSError):
                if time.time() - each.stat().st_mtime > _STALE:
                    self.abandon(each)


def _probe(values: np.ndarray) -> str:
    chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), _PROBED)).astype(np.int64))
    return hashlib.blake2b(np.ascontiguousarray(values[chosen]).tobytes(), digest_size=16).hexdigest()
