"""All members of all shards as one sequence: each shard is looked through once, and what was found is kept in the cache."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.folders import folder_classes
from selflearn.data.labels import attach, encode, number_groups
from selflearn.data.options import ReadOptions
from selflearn.data.remote.files import read_range
from selflearn.data.remote.retry import said, threads
from selflearn.data.samplers import Blocks
from selflearn.data.shards.access import Access, Part
from selflearn.data.shards.columnar import index_columnar
from selflearn.data.shards.files import Gone, ShardFile, Shards
from selflearn.data.shards.index import VERSION, Examiner, Index
from selflearn.data.shards.store import Store
from selflearn.data.shards.tars import Roles, index_tar
from selflearn.errors import DataError

WINDOW = 2_000_000_000
"""Bytes of shards whose samples are shuffled together, unless asked otherwise."""

LEAST_WINDOW = 4  # shards shuffled together at least, be they large: two would be told apart by a method that compares
_MOST_INDEX = 1 << 28  # bytes


@dataclass
class Members:
    """Every usable member of a source in shards.

    Attributes
    ----------
    access : opens them.
    part : (n,) int32 position in `access.parts`. offset, size : (n,) int64 bytes there.
    about : (n,) what the examiner told of each.
    facts : ids, labels, groups; what was skipped, and notes.
    blocks : which lie together, and how many are shuffled together.
    stamp : changes with any shard.
    """

    access: Access
    part: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    about: np.ndarray
    facts: Facts
    blocks: Blocks
    stamp: str

    def __len__(self) -> int:
        return len(self.part)


def gather(
    shards: Shards,
    examiner: Examiner,
    options: ReadOptions,
    window: int | None = None,
    store: int | None = None,
    things: str = "pictures",
) -> Members:
    """Look through shards, or find what is known of them.

    Parameters
    ----------
    examiner : of the kind of data.
    window : bytes that are shuffled together.
    store : bytes that fetched shards may take on disk.
    things : what the members are called in messages.

    Raises
    ------
    DataError : not one usable member; a server that does not come back; no room for a window.
    """
    gathering = _Gathering(shards, examiner, options, Store(options.cache_folder / "shards", store), _roles(options))
    with threads(options.threads) as pool:
        indices = list(pool.map(gathering.index, shards.files))
    parts = [
        Part(file, number, int(first), int(last), int(size) if size > 0 else file.size)
        for file, index in zip(shards.files, indices, strict=True)
        for number, (first, last, size) in enumerate(index.parts.tolist())
    ]
    starts = np.cumsum([0, *(len(index.parts) for index in indices)])
    block = np.concatenate([index.block + start for index, start in zip(indices, starts, strict=False)]).astype(np.int32)
    facts = _facts(shards, indices, options, things)
    if not len(block):
        first = "; ".join(f"{each.what}: {each.why}" for each in facts.skipped[:3])
        raise DataError(
            f"there are no usable {things} in the {len(shards.files):,} shards of {shards.source}"
            + (f" ({first})" if first else "")
        )
    access = Access(parts, gathering.store)
    together = _window(parts, window or WINDOW)
    _check_room(parts, together, gathering.store)
    if len(parts) > together:
        facts.notes.append(f"{things} are shuffled in windows of {together:,} of {len(parts):,} shards or parts of them")
    return Members(
        access,
        block,
        np.concatenate([index.offset for index in indices]),
        np.concatenate([index.size for index in indices]),
        np.concatenate([index.facts for index in indices]),
        facts,
        Blocks(block, together),
        hashlib.blake2b(" ".join(each.key for each in shards.files).encode(), digest_size=16).hexdigest(),
    )


@dataclass
class _Gathering:
    """What looking through each shard needs."""

    shards: Shards
    examiner: Examiner
    options: ReadOptions
    store: Store
    roles: Roles
    done: int = 0

    def index(self, file: ShardFile) -> Index:
        """What one shard holds: as it is kept, as a file beside it tells, or as it is found now."""
        known = self._kept(file)
        if known is None:
            known = self._beside(file) or self._made(file)
            if self.options.cache and not any(each.what == file.where for each in known.skipped):
                with contextlib.suppress(OSError):  # looked through again next time
                    known.save(self._place(file), file.size)
        self.done += max(file.size, 1)
        if self.options.progress:
            self.options.progress(min(self.done, self._total), self._total)
        return known

    @property
    def _total(self) -> int:
        return sum(max(each.size, 1) for each in self.shards.files)

    def _place(self, file: ShardFile) -> Path:
        key = hashlib.blake2b(f"{VERSION} {file.key} {self.examiner.kind} {self.roles}".encode(), digest_size=16).hexdigest()
        return self.options.cache_folder / "shards" / "index" / f"{key}.npz"

    def _kept(self, file: ShardFile) -> Index | None:
        place = self._place(file)
        return Index.load(place, file.size, self.examiner.dtype) if self.options.cache and place.exists() else None

    def _beside(self, file: ShardFile) -> Index | None:
        """What the file beside a shard tells, if it is about this very shard and of this kind."""
        if file.index is None or self.roles != Roles():
            return None
        if isinstance(file.index, Path):
            return Index.load(file.index, file.size, self.examiner.dtype)
        if not 0 < file.index.size < _MOST_INDEX:
            return None
        try:
            return Index.load(io.BytesIO(read_range(file.index, 0, file.index.size)), file.size, self.examiner.dtype)
        except (FileNotFoundError, PermissionError):
            return None

    def _made(self, file: ShardFile) -> Index:
        where = file.name if len(self.shards.files) > 1 else ""
        try:
            if file.form == "tar":
                return index_tar(self._tar(file), file.where, self.examiner, self.roles)
            return index_columnar(file, where, self.examiner, self.roles, lambda number, write: self._part(file, number, write))
        except FileNotFoundError:
            return _nothing(file, "it is missing", self.examiner)
        except PermissionError:
            return _nothing(file, "no permission to read it", self.examiner)
        except DataError:  # not this shard's fault
            raise
        except Gone as error:
            return _nothing(file, str(error), self.examiner)
        except Exception as error:  # one bad shard never ends a run
            return _nothing(file, f"it is damaged: {said(error)}", self.examiner)

    def _tar(self, file: ShardFile) -> Path:
        if file.path is not None:
            return file.path
        part = Part(file, 0, 0, 0, file.size)
        path = self.store.get(part.key, file.size, lambda target: part.write(target, lambda: None))
        assert path is not None
        return path

    def _part(self, file: ShardFile, number: int, write: object) -> Path:
        path = self.store.get(Part(file, number, 0, 0, 0).key, max(file.size, 0) // 4, write)  # type: ignore[arg-type]
        assert path is not None
        return path


def _roles(options: ReadOptions) -> Roles:
    """The columns or fields that a person named; a file of labels is no such name."""
    named = [
        each if isinstance(each, str) and not Path(each).expanduser().is_file() else None
        for each in (options.labels, options.groups)
    ]
    return Roles(*named)


def _nothing(file: ShardFile, why: str, examiner: Examiner) -> Index:
    empty = np.empty(0, dtype=np.int64)
    numbers = empty.astype(np.int32)
    return Index([], numbers, empty, empty, np.empty(0, dtype=examiner.dtype), numbers, numbers, skipped=[Skipped(file.where, why)])


def _facts(shards: Shards, indices: Sequence[Index], options: ReadOptions, things: str) -> Facts:
    names = [name for index in indices for name in index.names]
    skipped = [*shards.skipped, *(each for index in indices for each in index.skipped)]
    notes = [*shards.notes, f"{len(names):,} {things} in {len(shards.files):,} shard{'s' if len(shards.files) != 1 else ''}"]
    roles = _roles(options)
    labels, classes = _labels(indices)
    if roles.label and (labels < 0).all():
        raise DataError(f"nothing in {shards.source} is called {roles.label!r}, to read labels from, and there is no such file")
    if (labels < 0).all():
        known = folder_classes(names, things)
        labels, classes = known.labels, known.classes
        notes += known.notes if options.labels is None else []
    beside = sum((Counter(index.beside) for index in indices), Counter[str]())
    if beside:
        listed = ", ".join(f"{count:,} {ending}" for ending, count in beside.most_common(4))
        notes.append(f"members that are no {things} and no labels were passed by: {listed}")
    numbered = _groups(indices) if any((index.group >= 0).any() for index in indices) else None
    if roles.group and numbered is None:
        raise DataError(f"nothing in {shards.source} is called {roles.group!r}, to read groups from, and there is no such file")
    facts = Facts(_unique(names, shards.files, indices), labels, classes, numbered, skipped, notes)
    return attach(facts, None if roles.label else options.labels, None if roles.group else options.groups)


def _labels(indices: Sequence[Index]) -> tuple[np.ndarray, list[str]]:
    """Class numbers of all members: of the few different labels, each once, not of a million strings."""
    known = sorted({each for index in indices for each in index.labels})
    names = next((index.classes for index in indices if index.classes), None)
    numbers, classes = encode(known, names)
    of = dict(zip(known, numbers.tolist(), strict=True))
    tables = [np.array([*(of[each] for each in index.labels), -1], dtype=np.int64)[index.label] for index in indices]
    return np.concatenate(tables), classes


def _groups(indices: Sequence[Index]) -> np.ndarray:
    return number_groups([None if code < 0 else index.groups[code] for index in indices for code in index.group.tolist()])


def _unique(names: list[str], files: Sequence[ShardFile], indices: Sequence[Index]) -> list[str]:
    """Names as ids: as they are where no two are equal, else behind the name of their shard, else numbered."""
    if len(set(names)) == len(names):
        return names
    behind = [f"{file.name.rpartition('.')[0]}/{name}" for file, index in zip(files, indices, strict=True) for name in index.names]
    seen: Counter[str] = Counter()
    unique = []
    for name in behind:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


def _window(parts: Sequence[Part], wanted: int) -> int:
    """How many parts are shuffled together, by their mean size."""
    mean = max(1.0, float(np.mean([max(each.size, 1) for each in parts])))
    return max(LEAST_WINDOW, round(wanted / mean))


def _check_room(parts: Sequence[Part], together: int, store: Store) -> None:
    """Refuse a store that two windows do not fit into: every shard would be fetched again and again."""
    sizes = sorted((each.size for each in parts if not each.is_file), reverse=True)
    needed = min(sum(sizes), sum(sizes[: 2 * together]))
    if needed > store.limit:
        raise DataError(
            f"{min(together, len(parts)):,} shards are shuffled together; twice as many, or all ({needed / 1e9:.3g} GB), must have "
            f"room on disk; {store.limit / 1e9:.3g} GB may be used in {store.folder}. Give it more (--read store=20GB), shuffle "
            "less (--read shuffle=500MB), or set SELFLEARN_CACHE to a larger disk"
        )
