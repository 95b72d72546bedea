"""Tars as WebDataset has them: members that share a name up to its first dot are one sample. Nothing is ever unpacked."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, find_column
from selflearn.data.dataset import Skipped
from selflearn.data.remote.files import is_plain
from selflearn.data.shards.index import Examiner, Index, coded
from selflearn.data.shards.window import opened, read_at

_CLASS = {"cls", "label", "class"}
_MOST_LABEL, _MOST_JSON, _MOST_MEMBER = 1_000, 1_000_000, 1 << 30  # bytes: larger ones are no labels, no samples
_DAMAGE = (tarfile.TarError, ValueError, OSError, EOFError, OverflowError)
_PACKED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"(\xb5": "zstd"}


@dataclass(frozen=True)
class Roles:
    """Which fields of a sample hold its label and its group; None for those with telling names."""

    label: str | None = None
    group: str | None = None


@dataclass
class _Samples:
    """What is gathered while a tar is read."""

    names: list[str] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    facts: list[tuple[Any, ...]] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)


class _Member:
    """One file of a tar."""

    __slots__ = ("name", "offset", "size")

    def __init__(self, name: str, offset: int, size: int) -> None:
        self.name, self.offset, self.size = name, offset, size


def index_tar(path: Path, where: str, examiner: Examiner, roles: Roles) -> Index:
    """Look through a tar once.

    Labels stand beside what they label, before or behind; such as stand alone are told as skipped. Members are told by header
    alone. What has a name that leads out of a folder, is a link or a device, comes twice, is broken, or lies behind a place where
    the tar is damaged, is skipped.

    Parameters
    ----------
    where : what the tar is called in messages.
    """
    skipped: list[Skipped] = []
    beside: Counter[str] = Counter()
    found, seen = _Samples(), set[str]()
    with io.FileIO(path) as file:
        key, media, told, apart = "", list[_Member](), dict[str, str | None](), 0
        for member in _Reader(path, where, skipped):
            if member.name in seen:
                skipped.append(Skipped(f"{where}: {member.name}", "the same name comes twice: the first is taken"))
                continue
            seen.add(member.name)
            here, ending = _split(member.name)
            if here != key:
                _keep(found, file, where, media, told, examiner, skipped)
                apart += bool(told and not media)
                key, media, told = here, [], {}
            if examiner.wants(member.name):
                media.append(member)
            elif not _read_roles(file, member, ending, roles, told):
                beside[ending.rpartition(".")[2] or "no ending"] += 1
        _keep(found, file, where, media, told, examiner, skipped)
        apart += bool(told and not media)
    if apart:
        why = f"{apart:,} times with nothing beside them: members of one name must follow each other (tar --sort=name)"
        skipped.append(Skipped(f"{where}: labels or groups", why))
    places = np.array(found.places, dtype=np.int64).reshape(-1, 2)
    label, labels = coded(found.labels)
    group, groups = coded(found.groups)
    zeros = np.zeros(len(found.names), dtype=np.int32)
    facts = np.array(found.facts, dtype=examiner.dtype)
    return Index(
        found.names, zeros, places[:, 0], places[:, 1], facts, label, group, labels, groups, skipped=skipped, beside=dict(beside)
    )


def first_names(file: Any, most: int) -> list[str]:
    """The first names in a tar that can only be read forwards.

    Raises
    ------
    tarfile.TarError : it is none.
    """
    names = []
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for member in archive:
            if member.isreg():
                names.append(member.name)
            if len(names) >= most:
                break
    return names


class _Reader:
    """The plain files of a tar, as far as it is whole; what is wrong goes to `skipped`."""

    def __init__(self, path: Path, where: str, skipped: list[Skipped]) -> None:
        self.path, self.where, self.skipped, self.count = path, where, skipped, 0

    def __iter__(self) -> Iterator[_Member]:
        with self.path.open("rb") as file:
            archive = self._open(file)
            if archive is not None:
                yield from self._members(archive)

    def _open(self, file: IO[bytes]) -> tarfile.TarFile | None:
        head = file.read(2)
        file.seek(0)
        if head in _PACKED:
            self._stop(f"it is compressed ({_PACKED[head]}), and single members cannot be read from it: unpack it to a plain .tar")
            return None
        try:
            return tarfile.TarFile(fileobj=file, mode="r")
        except _DAMAGE as error:
            self._stop(f"it is no tar archive ({error})" if head else "it is empty")
            return None

    def _members(self, archive: tarfile.TarFile) -> Iterator[_Member]:
        whole, place = self.path.stat().st_size, -1
        while (info := self._next(archive)) is not None:
            if info.offset <= place or info.size < 0:
                return self._stop(f"it is damaged after {self.count:,} members: sizes that cannot be")
            if info.isreg() and info.offset_data + info.size > whole:
                return self._stop(f"it is cut off in the middle of {info.name}, after {self.count:,} members")
            place = info.offset
            self.count += 1
            if not info.isdir() and _usable(info, self.where, self.skipped):
                yield _Member(info.name.removeprefix("./"), info.offset_data, info.size)
        return None

    def _next(self, archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        try:
            info = archive.next()
        except _DAMAGE as error:
            self._stop(f"it is damaged after {self.count:,} members: {error}")
            return None
        archive.members = []  # type: ignore[attr-defined]  # else it remembers a million of them
        if info is None:
            self._check_end(archive)
        return info

    def _check_end(self, archive: tarfile.TarFile) -> None:
        """A tar ends with a block of zeros; the library stops as quietly at anything else."""
        file = archive.fileobj
        assert file is not None
        file.seek(archive.offset)
        end = file.read(512)
        if end.strip(b"\0"):
            self._stop(f"it is damaged after {self.count:,} members: what follows is no header")
        elif not end:
            self._stop(f"it has no end mark after {self.count:,} members: it may be cut off")

    def _stop(self, why: str) -> None:
        self.skipped.append(Skipped(self.where, why))


def _usable(info: tarfile.TarInfo, where: str, skipped: list[Skipped]) -> bool:
    if info.issym() or info.islnk():
        skipped.append(Skipped(f"{where}: {info.name}", "it is a link"))
    elif not info.isreg() or info.sparse is not None:
        skipped.append(Skipped(f"{where}: {info.name}", "it is no plain file"))
    elif not is_plain(info.name):
        skipped.append(Skipped(f"{where}: {info.name}", "its name leads out of the folder"))
    else:
        return not any(part.startswith("._") or part == "__MACOSX" for part in info.name.split("/"))
    return False


def _split(name: str) -> tuple[str, str]:
    """The name up to the first dot of its last part, and what follows, in lower case."""
    folder, slash, last = name.rpartition("/")
    stem, _, ending = last.partition(".")
    return f"{folder}{slash}{stem}", ending.lower()


def _keep(
    found: _Samples,
    file: io.FileIO,
    where: str,
    media: list[_Member],
    told: Mapping[str, str | None],
    examiner: Examiner,
    skipped: list[Skipped],
) -> None:
    """Add the members of one sample that are of the kind."""
    several = len(media) > 1
    for member in media:
        try:
            if not member.size or member.size > _MOST_MEMBER:
                raise EOFError(
                    "the file is empty (0 bytes)" if not member.size else f"{member.size:,} bytes are too many for one sample"
                )
            with opened(file, member.offset, member.size) as part:
                facts = examiner.look(part)
        except Exception as error:  # one bad member never ends a run
            why = str(error) if isinstance(error, EOFError) else examiner.reason(error)
            skipped.append(Skipped(f"{where}: {member.name}", why))
            continue
        found.names.append(member.name)
        found.places.append((member.offset, member.size))
        found.facts.append(facts)
        found.labels.append(told.get("label"))
        found.groups.append(told.get("group") or (_split(member.name)[0] if several else None))


def _read_roles(file: io.FileIO, member: _Member, ending: str, roles: Roles, told: dict[str, str | None]) -> bool:
    """Take label and group from a member that may hold them; whether it is one of those."""
    last = ending.rpartition(".")[2]
    if last in _CLASS or (roles.label is not None and ending == roles.label.lower()):
        if member.size <= _MOST_LABEL:
            told["label"] = read_at(file, member.size, member.offset).decode(errors="replace").strip()
        return True
    if last != "json":
        return False
    if member.size <= _MOST_JSON:
        try:
            fields = json.loads(read_at(file, member.size, member.offset))
        except (ValueError, RecursionError):
            return True
        if isinstance(fields, dict):
            _take(told, "label", fields, roles.label, (*LABEL_NAMES, "cls"))
            _take(told, "group", fields, roles.group, GROUP_NAMES)
    return True


def _take(told: dict[str, str | None], role: str, fields: dict[str, Any], asked: str | None, names: tuple[str, ...]) -> None:
    name = find_column(fields, (asked.strip().lower(),) if asked else names)
    value = fields.get(name) if name is not None else None
    if isinstance(value, str | int | float) and (asked or role not in told):
        told[role] = re.sub(r"\s+", " ", str(value)).strip()
