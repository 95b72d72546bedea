"""What shards hold: a few arrays for each, small enough for a million samples, kept in the cache and beside shards as `.npz`."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from selflearn.data.dataset import Skipped

VERSION = 1
_MOST = 1 << 30  # bytes of all arrays: a small file may unpack to more than the memory


class Examiner(Protocol):
    """How one kind of data looks at a member before it is decoded."""

    kind: str
    dtype: np.dtype[Any]

    def wants(self, name: str, head: bytes | None = None) -> bool:
        """Whether a member is of this kind, by its name, or by its first bytes where these are given."""
        ...

    def look(self, file: IO[bytes]) -> tuple[Any, ...]:
        """One row of `dtype`. Raises whatever is wrong with it."""
        ...

    def reason(self, error: BaseException) -> str:
        """Why a member cannot be used."""
        ...


@dataclass
class Index:
    """The members of one shard that are samples, in order.

    Attributes
    ----------
    names : of each member.
    block : (n,) int32, which part of the shard holds it (tars have one part).
    offset, size : (n,) int64 bytes, in the file of that part.
    facts : (n,) what the examiner tells.
    label, group : (n,) int32 positions in `labels` and `groups`, -1 where unknown.
    classes : the names of class numbers, where the shard gives them.
    parts : (parts, 3) int64: first and last row group, and bytes of the file of each part.
    skipped : what cannot be used.
    beside : how many members were of no use here, by ending.
    """

    names: list[str]
    block: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    facts: np.ndarray
    label: np.ndarray
    group: np.ndarray
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    parts: np.ndarray = field(default_factory=lambda: np.zeros((1, 3), dtype=np.int64))
    skipped: list[Skipped] = field(default_factory=list)
    beside: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def save(self, path: Path, size: int) -> None:
        """Write it, whole or not at all; `size` is the shard's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        strings = {
            "names": self.names,
            "labels": self.labels,
            "groups": self.groups,
            "classes": self.classes,
            "skipped_what": [each.what for each in self.skipped],
            "skipped_why": [each.why for each in self.skipped],
            "beside_what": list(self.beside),
        }
        arrays: dict[str, Any] = {}
        for name, values in strings.items():
            arrays[name], arrays[f"{name}_ends"] = _joined(values)
        for name in ("block", "offset", "size", "facts", "label", "group", "parts"):
            arrays[name] = getattr(self, name)
        arrays["beside_count"] = np.array(list(self.beside.values()), dtype=np.int64)
        arrays["about"] = np.array([VERSION, size], dtype=np.int64)
        descriptor, beside = tempfile.mkstemp(prefix=".index-", suffix=".npz", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(file, **arrays)
            os.chmod(beside, 0o644)
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise

    @classmethod
    def load(cls, file: Path | IO[bytes], size: int, dtype: np.dtype[Any]) -> Index | None:
        """What `save` wrote; None where it is damaged, of another shard or version, or says what cannot be."""
        try:
            with zipfile.ZipFile(file) as archive:
                if sum(each.file_size for each in archive.infolist()) > _MOST:
                    return None
            if not isinstance(file, Path):
                file.seek(0)
            with np.load(file, allow_pickle=False) as kept:
                found = _restored(kept)
                return found if kept["about"].tolist() == [VERSION, size] and _sound(found, size, dtype) else None
        except Exception:  # whatever is wrong with it, it can be made anew
            return None


def coded(values: Sequence[str | None]) -> tuple[np.ndarray, list[str]]:
    """(n,) int32 numbers of strings, -1 for None, and the strings."""
    known: dict[str, int] = {}
    numbers = [-1 if each is None else known.setdefault(each, len(known)) for each in values]
    return np.array(numbers, dtype=np.int32), list(known)


def _restored(kept: Any) -> Index:
    strings: dict[str, Any] = {name: _parted(kept[name], kept[f"{name}_ends"]) for name in ("names", "labels", "groups", "classes")}
    what, why = (_parted(kept[name], kept[f"{name}_ends"]) for name in ("skipped_what", "skipped_why"))
    beside = _parted(kept["beside_what"], kept["beside_what_ends"])
    arrays = {name: kept[name] for name in ("block", "offset", "size", "facts", "label", "group", "parts")}
    return Index(
        **strings,
        **arrays,
        skipped=[Skipped(*each) for each in zip(what, why, strict=True)],
        beside=dict(zip(beside, kept["beside_count"].tolist(), strict=True)),
    )


def _sound(index: Index, size: int, dtype: np.dtype[Any]) -> bool:
    """Whether arrays agree with each other and stay within the shard: the file may be a stranger's."""
    count, parts = len(index), index.parts
    if any(len(getattr(index, name)) != count for name in ("block", "offset", "size", "facts", "label", "group")):
        return False
    if index.facts.dtype != dtype or parts.ndim != 2 or parts.shape[1] != 3 or not len(parts):
        return False
    if not count:
        return True
    limits = np.where(parts[:, 2] > 0, parts[:, 2], size)
    inside = (index.block >= 0).all() and (index.block < len(parts)).all() and (index.offset >= 0).all() and (index.size >= 0).all()
    return bool(
        inside
        and (index.size <= limits[index.block]).all()
        and (index.offset <= limits[index.block] - index.size).all()
        and index.label.min() >= -1
        and index.label.max() < len(index.labels)
        and index.group.min() >= -1
        and index.group.max() < len(index.groups)
    )


def _joined(values: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    encoded = [each.encode("utf-8", errors="surrogateescape") for each in values]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), ends


def _parted(joined: np.ndarray, ends: np.ndarray) -> list[str]:
    whole, begin, parts = joined.tobytes(), 0, []
    for end in ends.tolist():
        parts.append(whole[begin:end].decode("utf-8", errors="surrogateescape"))
        begin = end
    return parts
