"""Shards: a few large files, each of many encoded pictures or recordings. WebDataset tars, Parquet and Arrow, here or elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from selflearn.data.dataset import Skipped
from selflearn.data.remote.files import Remote

Form = Literal["tar", "parquet", "arrow"]
INDEX_ENDING = ".index.npz"
_FORMS: dict[str, Form] = {".tar": "tar", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow"}
_PACKED = re.compile(r"\.(tar\.(gz|bz2|xz|zst)|tgz|tbz2?|txz)$", re.IGNORECASE)


def form_of(name: str) -> Form | None:
    """What a file is by the ending of its name; a compressed tar is one too, to be refused by name."""
    if _PACKED.search(name):
        return "tar"
    return next((form for ending, form in _FORMS.items() if name.lower().endswith(ending)), None)


class Gone(Exception):  # noqa: N818  (not an error of the program: its samples are left out)
    """A shard that was there and is no more."""


class Forbidden(Gone):
    """A shard that is there and may not be read."""


@dataclass(frozen=True)
class ShardFile:
    """One shard.

    Attributes
    ----------
    name : relative to the source.
    form : how it holds its members.
    size, mark : bytes, and what changes with its content.
    path : where it lies, if it is local. remote : where it lies, if not.
    index : a file beside it that tells what it holds, as `selflearn pack` writes it.
    """

    name: str
    form: Form
    size: int
    mark: str
    path: Path | None = None
    remote: Remote | None = None
    index: Remote | Path | None = None

    @classmethod
    def local(cls, path: Path, name: str) -> ShardFile | None:
        """A local file; None where it is no shard by its name, or is not there."""
        form = form_of(name)
        if form is None or not path.is_file():
            return None
        state = path.stat()
        beside = path.with_name(path.name + INDEX_ENDING)
        return cls(name, form, state.st_size, str(state.st_mtime_ns), path.absolute(), None, beside if beside.is_file() else None)

    @classmethod
    def elsewhere(cls, remote: Remote, index: Remote | None = None) -> ShardFile | None:
        """A remote file; None where it is no shard by its name."""
        form = form_of(remote.name)
        return None if form is None else cls(remote.name, form, remote.size, remote.mark, None, remote, index)

    @property
    def where(self) -> str:
        """Its path or URL, for messages."""
        return str(self.path) if self.remote is None else self.remote.url

    @property
    def key(self) -> str:
        """Of place, size and mark."""
        return blake2b(f"{self.where}\0{self.size}\0{self.mark}".encode(errors="surrogateescape"), digest_size=16).hexdigest()


@dataclass
class Shards:
    """A source in shards.

    Attributes
    ----------
    source : as it was given.
    files : in order of their names.
    skipped, notes : what is missing, and what a person should be told.
    """

    source: str
    files: Sequence[ShardFile]
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(max(each.size, 0) for each in self.files)
