"""From recordings to samples: windows, where a source is a few long recordings or where a person asks for them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from selflearn.data.series.found import Found
from selflearn.data.series.options import SeriesReading
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import DataError

WINDOW = 128
"""Steps of a window where nobody said: two to three seconds of most wearables, five days of hours."""
LEAST_WINDOWS = 64
LONG = 4
"""Recordings this many times as long as a window are cut, where they are few."""
STRETCHES = 10


@dataclass(frozen=True)
class Cut:
    """Samples as places in the recordings.

    Attributes
    ----------
    starts, lengths : (samples,) int64, in steps from the very first.
    owner : (samples,) int64, the recording that each is of.
    window, stride : of windows; 0 where samples are whole recordings.
    """

    starts: np.ndarray
    lengths: np.ndarray
    owner: np.ndarray
    window: int = 0
    stride: int = 0


def window_of(found: Found, reading: SeriesReading, like: SeriesSpec | None) -> tuple[int, str | None]:
    """Steps of a window, 0 for whole recordings; and what to say where nobody chose."""
    if like is not None:
        return (like.length if like.windowed else 0), None
    if reading.window is not None:
        return reading.window, None
    lengths = found.lengths
    some_long = 8 <= len(lengths) < LEAST_WINDOWS and bool(np.median(lengths) >= LONG * WINDOW)
    if some_long and found.labels is not None:
        return 0, f"each of the {len(lengths)} recordings is one sample; --read window=STEPS cuts them into windows"
    if not len(lengths) or not (len(lengths) < 8 or some_long):
        return 0, None
    window = int(min(WINDOW, max(8, lengths.sum() // LEAST_WINDOWS)))
    if lengths.max() < 2 * window:
        return 0, None
    what = "one long recording is" if len(lengths) == 1 else f"{len(lengths)} long recordings are"
    return window, f"{what} cut into windows of {window} steps; --read window=STEPS chooses, --read stride=STEPS lets them overlap"


def cut(found: Found, window: int, stride: int) -> Cut:
    """Windows of each recording, none of them across a pause or a change of the subject; or the whole recordings.

    Raises
    ------
    DataError : no recording is as long as a window.
    """
    if not window:
        return Cut(found.offsets[:-1].copy(), found.lengths, np.arange(len(found.names), dtype=np.int64))
    edges = [found.offsets, found.breaks]
    for values in (found.step_groups,):
        if values is not None:
            edges.append(np.flatnonzero(values[1:] != values[:-1]) + 1)
    limits = np.unique(np.concatenate(edges))
    pieces = [np.arange(low, high - window + 1, stride) for low, high in itertools.pairwise(limits)]
    starts = np.concatenate(pieces).astype(np.int64)
    if not len(starts):
        longest = int(np.diff(limits).max(initial=0))
        raise DataError(f"{found.where}: no recording is as long as a window of {window} steps; the longest stretch has {longest}")
    owner = np.searchsorted(found.offsets, starts, side="right") - 1
    return Cut(starts, np.full(len(starts), window, dtype=np.int64), owner, window, stride)


def majority(values: np.ndarray, cuts: Cut) -> list[object]:
    """The value that most steps of each sample have."""
    kinds, number = _numbered(values)
    counts = np.zeros((len(cuts.starts), len(kinds)), dtype=np.int32)
    for kind in range(len(kinds)):
        total = np.concatenate([[0], np.cumsum(number == kind)])
        counts[:, kind] = total[cuts.starts + cuts.lengths] - total[cuts.starts]
    return [kinds[each] for each in counts.argmax(axis=1)]


def mixed(values: np.ndarray, cuts: Cut) -> int:
    """How many samples hold more than one value."""
    _, number = _numbered(values)
    changes = np.concatenate([[0, 0], np.cumsum(number[1:] != number[:-1])])
    return int((changes[cuts.starts + cuts.lengths] != changes[cuts.starts + 1]).sum())


def _numbered(values: np.ndarray) -> tuple[list[object], np.ndarray]:
    """Distinct values and each step's number among them; works for text with gaps, which does not sort."""
    if values.dtype.kind in "iub":
        kinds, number = np.unique(values, return_inverse=True)
        return kinds.tolist(), number
    plain = [None if isinstance(value, float) and math.isnan(value) else value for value in values.tolist()]
    positions = {value: place for place, value in enumerate(dict.fromkeys(plain))}
    return list(positions), np.array([positions[value] for value in plain], dtype=np.int64)


def stretches(cuts: Cut) -> np.ndarray:
    """Groups for windows that have no subjects: their recordings, or ten stretches of a single one, so that windows that overlap or
    touch do not come to lie on both sides of a division.
    """
    if len(np.unique(cuts.owner)) >= 2 * STRETCHES or len(cuts.starts) < 2:
        return cuts.owner
    share = max(1, STRETCHES // len(np.unique(cuts.owner)))
    place = np.zeros(len(cuts.starts), dtype=np.int64)
    for recording in np.unique(cuts.owner):
        mine = np.flatnonzero(cuts.owner == recording)
        place[mine] = np.arange(len(mine)) * share // len(mine)
    return cuts.owner * share + place


def shorten(found: Found, every: int) -> Found:
    """Each recording with `every` neighbouring steps averaged into one; what is left at its end is averaged too."""
    if every == 1:
        return found
    starts = np.concatenate([np.arange(low, high, every) for low, high in zip(found.offsets[:-1], found.offsets[1:], strict=True)])
    counts = np.diff(np.append(starts, len(found.values)))
    values = (np.add.reduceat(found.values.astype(np.float64), starts, axis=0) / counts[:, None]).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(-(-found.lengths // every))]).astype(np.int64)
    return replace(
        found,
        values=values,
        offsets=offsets,
        step_labels=None if found.step_labels is None else found.step_labels[starts],
        step_groups=None if found.step_groups is None else found.step_groups[starts],
        breaks=np.searchsorted(starts, found.breaks).astype(np.int64),
        rate=None if found.rate is None else found.rate / every,
    )
