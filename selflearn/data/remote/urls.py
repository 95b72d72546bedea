"""What a source that is no path says: URLs, names on the Hugging Face hub, brace ranges and globs."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from selflearn.errors import DataError

_URL = re.compile(r"^[a-z][a-z0-9+.-]*(::[a-z][a-z0-9+.-]*)*://", re.IGNORECASE)
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"^(\d+)\.\.(\d+)$")
_GLOB = re.compile(r"[*?\[]")
MOST = 1_000_000
"""Names that one pattern may stand for."""


def is_url(source: object) -> bool:
    """Whether a source is a URL of any kind, or a name on the hub."""
    return isinstance(source, str) and (bool(_URL.match(source)) or is_hub_name(source))


def is_hub_name(source: object) -> bool:
    """Whether a source names a data set on the Hugging Face hub: ``hf:owner/name``."""
    return isinstance(source, str) and source.startswith("hf:") and not source.startswith("hf://")


def is_pattern(source: str) -> bool:
    """Whether a source stands for several files by braces or by ``*``, ``?`` and ``[``."""
    return bool(_BRACES.search(source)) or is_glob(source)


def is_glob(source: str) -> bool:
    """Whether it has ``*``, ``?`` or ``[`` in its path (a ``?`` after ``http://`` begins a query)."""
    web = re.match(r"^https?://", source, re.IGNORECASE)
    return bool(re.search(r"[*\[]", source) if web else _GLOB.search(source))


def expand(pattern: str) -> list[str]:
    """All names of a pattern with braces: ``{000..099}`` counts, ``{a,b}`` lists; several multiply, the last changing fastest.

    Raises
    ------
    DataError : it stands for more than a million names, or a range runs backwards.
    """
    parts = _BRACES.split(pattern)
    fixed, choices = parts[::2], [_choices(each, pattern) for each in parts[1::2]]
    if math.prod(len(each) for each in choices) > MOST:
        raise DataError(f"{pattern} stands for more than {MOST:,} names")
    return ["".join(_woven(fixed, chosen)) for chosen in itertools.product(*choices)]


def name_of(source: str) -> str:
    """A short name for a source, such as the end of its path, fit for the name of a folder."""
    last = PurePosixPath(re.sub(r"[?#].*$", "", source.rstrip("/")).split("://")[-1]).name if "://" in source else source
    plain = re.sub(r"\{.*|\*.*", "", last.removeprefix("hf:"))
    stem = re.sub(r"\.(tar|parquet|pq|arrow|csv|tsv|npz|npy|jsonl|txt|zip|gz)$", "", plain, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]+", "-", stem).strip("-._") or "data"


def _choices(inside: str, pattern: str) -> list[str] | _Padded:
    counted = _RANGE.match(inside)
    if not counted:
        return inside.split(",")
    first, last = counted.groups()
    if int(last) < int(first):
        raise DataError(f"the range {{{inside}}} of {pattern} runs backwards")
    return _Padded(int(first), int(last), len(first))


class _Padded:
    """The numbers of a range with leading zeros; nothing is made before it is asked for."""

    def __init__(self, first: int, last: int, width: int) -> None:
        self.numbers, self.width = range(first, last + 1), width

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:0{self.width}d}" for number in self.numbers)


def _woven(fixed: list[str], chosen: tuple[str, ...]) -> Iterator[str]:
    for before, each in zip(fixed, chosen, strict=False):
        yield before
        yield str(each)
    yield fixed[-1]
