"""How to read: the options every kind of data takes, and what a kind answers when it is asked whether a source is its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from selflearn.data.spec import Spec
from selflearn.errors import DataError, complaint, nearest

LabelSource = str | Path | Sequence[Any] | np.ndarray | Mapping[str, Any]
Progress = Callable[[int, int], None]
Reading = TypeVar("Reading", bound=BaseModel)


@dataclass(frozen=True)
class Recognition:
    """A kind's answer to "is this yours?": how certain it is, in [0, 1], and why, as a clause for a person.

    `others` are what the same source could also be taken for, the likelier first.
    """

    kind: str
    certainty: float
    why: str
    others: tuple[Recognition, ...] = ()

    def say(self) -> str:
        """One sentence for a person, with what else it could be and how to overrule it."""
        also = f"; it could also be {' or '.join(f'{each.kind} ({each.why})' for each in self.others[:2])}" if self.others else ""
        return f"Found {self.kind} data, {round(100 * self.certainty)} % certain: {self.why}{also}. If that is wrong: --kind NAME."


@dataclass(frozen=True)
class ReadOptions:
    """How to read a source.

    Attributes
    ----------
    kind : the kind of data, where recognition is to be overruled.
    labels : a CSV or Parquet file of id and label (and group), one label a sample, a mapping from id to label, or the name of a
        column of the source. Empty, NaN and -1 mean unlabelled.
    groups : the same forms, for the groups that a split must never cut apart (patients, speakers, sites).
    size : working side in pixels: pictures are stored with about this side at most, never enlarged. None lets the data decide.
    cache : keep decoded data on disk, so that the second reading takes seconds.
    cache_dir : where; by default $SELFLEARN_CACHE, else ~/.cache/selflearn.
    cache_limit : bytes of decoded data above which samples are decoded anew for each batch instead; by default a quarter of the
        free disk, and never more than the free memory (a larger cache would be read from disk again and again).
    workers : threads that decode; by default one a core.
    progress : called with (done, total) while files are decoded.
    more : options of one kind of data alone, e.g. ``{"rate": 8000}`` for sound; see the kind's own guide.
    like : the spec of an encoder's own data, to read other data as that encoder needs it. The data is then meant for
        embedding, so that a single sample will do.
    """

    kind: str | None = None
    labels: LabelSource | None = None
    groups: LabelSource | None = None
    size: int | None = None
    cache: bool = True
    cache_dir: str | Path | None = None
    cache_limit: int | None = None
    workers: int | None = None
    progress: Progress | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    like: Spec | None = None

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise DataError(f"size is the side of a picture in pixels and must be at least 1, not {self.size}")
        if self.workers is not None and self.workers < 1:
            raise DataError(f"workers must be at least 1, not {self.workers}")

    @classmethod
    def of(cls, **keywords: Any) -> ReadOptions:
        """Options from keywords; a misspelt one is a DataError that names the nearest."""
        known = [each.name for each in fields(cls)]
        for name in keywords:
            if name not in known:
                raise DataError(f"there is no reading option {name!r}{nearest(name, known)}")
        return cls(**keywords)

    @property
    def threads(self) -> int:
        """How many threads decode."""
        return self.workers or os.cpu_count() or 1

    @property
    def cache_folder(self) -> Path:
        """Where caches lie."""
        chosen = self.cache_dir or os.environ.get("SELFLEARN_CACHE") or Path.home() / ".cache" / "selflearn"
        return Path(chosen).expanduser()

    def room_on_disk(self) -> int:
        """Bytes of decoded data that may be cached."""
        if self.cache_limit is not None:
            return self.cache_limit
        existing = next((each for each in (self.cache_folder, *self.cache_folder.parents) if each.exists()), Path("/"))
        return min(shutil.disk_usage(existing).free // 4, free_memory())

    def room_in_memory(self) -> int:
        """Bytes of decoded data that may be held in memory, where there is no cache."""
        share = free_memory() // 4
        return share if self.cache_limit is None else min(share, self.cache_limit)


def kind_options(model: type[Reading], options: ReadOptions) -> Reading:
    """The options of one kind of data (`ReadOptions.more`), checked against its model.

    Raises
    ------
    DataError : an unknown option (with the nearest right one), a wrong type or a value out of range.
    """
    for name in options.more:
        if name not in model.model_fields:
            listed = f"{nearest(str(name), model.model_fields)}; it has {', '.join(model.model_fields)}"
            raise DataError(f"this kind of data has no reading option {name!r}{listed}")
    try:
        return model(**options.more)
    except ValidationError as error:
        raise DataError(f"reading options: {complaint(error)}") from error


def free_memory() -> int:
    """Bytes of memory that could be had now (Linux counts its file cache as such), or 4 GB where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 4 * 10**9
