"""What a column holds: numbers, categories, dates, or nothing to learn from (ids, running text, one value). Found once, said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from selflearn.data.tables.sources import MISSING

NEARLY = 0.98
"""Share of a column's filled cells that must be numbers (or dates) for it to be one of numbers; the rest counts as missing."""
DATE_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
)
DAY = 86_400.0
_MISSING = frozenset(each.lower() for each in MISSING)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_EUROPEAN = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
_DECORATION = re.compile(r"^[$€£]\s*|\s*[%$€£]$")


@dataclass
class Meaning:
    """What a column holds.

    Attributes
    ----------
    numbers : (rows,) float64 with NaN for missing, of numbers; for dates, days since 1970-01-01 (UTC).
    codes, values : (rows,) int64 positions in `values`, -1 for missing, of everything else; `values` are strings.
    date : whether `numbers` are days of dates.
    unread : cells that were filled but no number, where nearly all others are.
    nothing : why nothing can be learned from it, or "".
    """

    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    values: list[str] | None = None
    date: bool = False
    unread: int = 0
    nothing: str = ""


def understand(column: Any, force: str | None = None) -> Meaning:
    """What an Arrow or NumPy column holds; `force` "number" or "category" overrules what it looks like."""
    if isinstance(column, np.ndarray):
        meaning = Meaning(numbers=column.astype(np.float64))
    else:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        meaning = _of_arrow(whole, force)
    if force == "category" and meaning.numbers is not None:
        return _named(meaning.numbers)
    return meaning


def _of_arrow(column: Any, force: str | None) -> Meaning:  # noqa: PLR0911 (a type a line)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        return _of_arrow(column, "category" if force is None else force)
    if pa.types.is_boolean(kind):
        codes = pc.fill_null(column.cast(pa.int8()), -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Meaning(codes=codes, values=["no", "yes"])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Meaning(numbers=_floats(column))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        micro = (
            pc.cast(column, pa.timestamp("us"), safe=False)
            if not _zoned(kind)
            else column.cast(pa.timestamp("us", "UTC"), safe=False)
        )
        return Meaning(numbers=_floats(micro.cast(pa.int64())) / (1e6 * DAY), date=True)
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return Meaning(numbers=_floats(column.cast(pa.int64() if not pa.types.is_time32(kind) else pa.int32())))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        return _of_strings(column, force)
    if pa.types.is_null(kind):
        return Meaning(numbers=np.full(len(column), np.nan))
    return Meaning(nothing=f"holds {kind}")


def _zoned(kind: Any) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _floats(column: Any) -> np.ndarray:
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _of_strings(column: Any, force: str | None) -> Meaning:
    """Strings are looked at once for each different one."""
    encoded = column.cast(pa.large_string()).dictionary_encode()
    different = [str(each).strip() for each in encoded.dictionary.to_pylist()]
    indices = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    gone = np.array([each.lower() in _MISSING for each in different] + [True])  # the last stands for null, -1
    indices = np.where(gone[indices], -1, indices)
    if force != "category":
        for parse, is_date in ((_numbers(different), False), (_dates(different), True)):
            if parse is not None and (meaning := _parsed(different, indices, parse, is_date, force)) is not None:
                return meaning
    values = sorted({each for each, out in zip(different, gone, strict=False) if not out})
    place = {each: number for number, each in enumerate(values)}
    renumbered = np.array([place.get(each, -1) for each in different] + [-1], dtype=np.int64)
    return Meaning(codes=renumbered[indices], values=values)


def _parsed(
    different: list[str], indices: np.ndarray, parse: Callable[[str], float], date: bool, force: str | None
) -> Meaning | None:
    """Strings as numbers, where nearly all of them are."""
    table = np.array([parse(each) for each in different] + [np.nan])
    numbers = table[indices]
    filled = indices >= 0
    read = int(np.isfinite(numbers).sum() + np.isinf(numbers).sum())
    if not filled.any() or (force != "number" and read < NEARLY * filled.sum()) or (date and force == "number"):
        return None
    return Meaning(numbers=numbers, date=date, unread=int(filled.sum()) - read)


def _numbers(different: list[str]) -> Callable[[str], float]:
    """How to read numbers as people write them: 1,234.5 and 3,7 and 1.234,5, $12 and 40 %; NaN where it is none.

    A comma before three digits may be either; one cell of the column that can only be a decimal comma decides for all.
    """
    bare = (_DECORATION.sub("", each) for each in different)
    decimal_comma = any(_EUROPEAN.fullmatch(each) and not _THOUSANDS.fullmatch(each) for each in bare)

    def read(text: str) -> float:
        plain = _DECORATION.sub("", text)
        if decimal_comma and _EUROPEAN.fullmatch(plain):
            plain = plain.replace(".", "").replace(",", ".")
        elif _THOUSANDS.fullmatch(plain):
            plain = plain.replace(",", "")
        try:
            return float(plain) if "_" not in plain else np.nan
        except ValueError:
            return np.nan

    return read


def _dates(different: list[str]) -> Callable[[str], float] | None:
    """How to read the dates of a column: the first format that fits nearly all of a sample; None where none does."""
    sample = [each for each in different if each.lower() not in _MISSING][:200]
    if not sample or not all(any(letter.isdigit() for letter in each) for each in sample):
        return None
    counts = {each: sum(not np.isnan(_days(text, each)) for text in sample) for each in DATE_FORMATS}
    best = max(counts, key=lambda each: counts[each])
    return (lambda text: _days(text, best)) if counts[best] >= NEARLY * len(sample) else None


def _days(text: str, form: str) -> float:
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp() / DAY
    except (ValueError, OverflowError):
        return np.nan


def _named(numbers: np.ndarray) -> Meaning:
    """Numbers as names of categories."""
    known = np.isfinite(numbers)
    different, codes = np.unique(numbers[known], return_inverse=True)
    whole = np.full(len(numbers), -1, dtype=np.int64)
    whole[known] = codes
    return Meaning(codes=whole, values=[f"{each:.10g}" for each in different])


def calendar(days: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of dates that things repeat in: month (1 to 12), day of the month, weekday (Monday is 0) and hour; NaN stays."""
    known = np.isfinite(days)
    moments = (np.where(known, days, 0.0) * DAY).round().astype("datetime64[s]")
    months = moments.astype("datetime64[M]")
    whole = moments.astype("datetime64[D]")
    parts = {
        "month": months.astype(np.int64) % 12 + 1,
        "day": (whole - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": (whole.astype(np.int64) + 3) % 7,
        "hour": (moments - whole.astype("datetime64[s]")).astype(np.int64) / 3600,
    }
    return {name: np.where(known, part.astype(np.float64), np.nan) for name, part in parts.items()}
