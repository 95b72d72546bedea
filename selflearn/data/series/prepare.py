"""From recordings to a dataset: gaps filled, channels matched to an encoder's, windows cut, labels and groups carried over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.labels import attach, encode, number_groups, take
from selflearn.data.options import ReadOptions
from selflearn.data.series import windows
from selflearn.data.series.found import Found
from selflearn.data.series.gaps import fill
from selflearn.data.series.options import SeriesReading
from selflearn.data.series.spec import SeriesSpec
from selflearn.data.series.store import Series
from selflearn.errors import DataError

UNUSUAL = 4
"""Series this many times as long as the middle one are shrunk, so that a few do not decide the work of all."""
LEAST_CAP = 64


def prepare(found: Found, reading: SeriesReading, options: ReadOptions) -> Series:
    """The dataset of these recordings.

    Raises
    ------
    DataError : nothing usable, or channels that the encoder of `options.like` does not know.
    """
    like = options.like if isinstance(options.like, SeriesSpec) else None
    found = _usable(found)
    blank = _blank(found)
    if like is not None:
        found = _as_like(found, like)
    found = fill(found)
    found = _shortened(found, reading, like)
    window, note = windows.window_of(found, reading, like)
    stride = like.stride if like else -(-(reading.stride or window) // found.every)
    window = window if like else -(-window // found.every)
    cuts = windows.cut(found, window, stride)
    facts = _facts(found, cuts, options)
    if note:
        facts.notes.append(note)
    short, empty = cuts.lengths < 2, np.isin(cuts.owner, blank)
    if (short | empty).any():
        facts.skipped.extend(Skipped(facts.ids[row], "it has fewer than two steps") for row in np.flatnonzero(short))
        facts.skipped.extend(Skipped(facts.ids[row], "it has no value at all") for row in np.flatnonzero(empty & ~short))
        keep = np.flatnonzero(~(short | empty))
        facts, cuts = take(facts, keep), replace(cuts, starts=cuts.starts[keep], lengths=cuts.lengths[keep], owner=cuts.owner[keep])
    if not len(cuts.starts):
        first = f" (first: {facts.skipped[0].what}: {facts.skipped[0].why})" if facts.skipped else ""
        raise DataError(f"{found.where} holds no series of two steps or more{first}")
    if like is not None and not like.varies and not like.windowed and (cuts.lengths != like.length).any():
        found, cuts, said = _stretched(found, cuts, like.length)
        facts.notes.append(said)
    most = like.length if like is not None else int(max(LEAST_CAP, UNUSUAL * np.median(cuts.lengths)))
    if cuts.lengths.max() > most:
        found, cuts, said = _stretched(found, cuts, most, longer_only=True)
        facts.notes.append(said)
    spec = like or _spec(found, cuts, reading, facts.notes)
    return Series(spec, facts, found.values, cuts.starts, cuts.lengths)


def _usable(found: Found) -> Found:
    if not len(found.values) or not found.values.shape[1]:
        raise DataError(f"{found.where} holds no series: {len(found.values)} steps of {found.values.shape[1]} channels")
    if found.values.dtype.kind not in "iufb":
        raise DataError(f"{found.where} holds no numbers but {found.values.dtype}")
    return found if found.values.dtype.kind != "b" else replace(found, values=found.values.astype(np.float32))


def _blank(found: Found) -> np.ndarray:
    """The recordings without a single finite value."""
    if found.values.dtype.kind != "f":
        return np.empty(0, dtype=np.int64)
    known = np.concatenate([[0], np.cumsum(np.isfinite(found.values).any(axis=1))])
    return np.flatnonzero(np.diff(known[found.offsets]) == 0)


def _as_like(found: Found, like: SeriesSpec) -> Found:
    """The encoder's channels by name, in its order; by position where there are as many without names in common."""
    named = {name: place for place, name in enumerate(found.channels)}
    if set(like.channels) <= set(named):
        order = [named[name] for name in like.channels]
    elif len(found.channels) == len(like.channels) and not set(like.channels) & set(named):
        order = list(range(len(like.channels)))
    else:
        missing = [name for name in like.channels if name not in named]
        raise DataError(
            f"the encoder reads {len(like.channels)} channels ({', '.join(like.channels[:5])} ...), and {found.where} has "
            f"{len(found.channels)}; it lacks {', '.join(missing[:5])}"
        )
    values = found.values[:, order].astype(np.float32)
    gone = ~np.isfinite(values).any(axis=0)
    notes = list(found.notes)
    if gone.any():  # `fill` would leave it out, but the encoder needs it
        values[:, gone] = np.array(like.mean, dtype=np.float32)[gone]
        notes.append(f"{int(gone.sum())} channels without any value are at the mean of the encoder's data")
    return replace(found, values=values, channels=list(like.channels), joints=like.joints, notes=notes)


def _shortened(found: Found, reading: SeriesReading, like: SeriesSpec | None) -> Found:
    """Very long series averaged to what an encoder can take."""
    if like is not None:
        return windows.shorten(found, like.every)
    window, _ = windows.window_of(found, reading, like)
    longest = int(found.lengths.max(initial=0))
    longest = min(window, longest) if window else longest
    every = -(-longest // reading.longest)
    if every > 1:
        found = windows.shorten(found, every)
        found.notes.append(
            f"series have up to {longest:,} steps: {every} neighbours at a time are averaged; --read longest=STEPS allows more"
        )
        found = replace(found, every=every)
    return found


def _facts(found: Found, cuts: windows.Cut, options: ReadOptions) -> Facts:
    """Ids, labels and groups of the samples: first of the recordings, then of their windows."""
    count = len(found.names)
    facts = Facts(_unique(found.names), np.full(count, -1, dtype=np.int64), [], None, list(found.skipped), list(found.notes))
    if found.labels is not None:
        facts.labels, facts.classes = encode(list(found.labels), found.classes)
    if found.groups is not None:
        facts.groups = number_groups(list(found.groups))
    given_labels, given_groups = _not_columns(options, found.tabular)
    by_step = (
        given_labels is not None
        and not isinstance(given_labels, str | Path | dict)
        and len(given_labels) == len(found.values) != count
    )
    facts = attach(facts, None if by_step else given_labels, given_groups)
    step_labels = np.asarray(given_labels) if by_step else found.step_labels if given_labels is None else None
    if cuts.window:
        whole = facts
        facts = Facts(
            [f"{whole.ids[owner]} @ {start - found.offsets[owner]}" for owner, start in zip(cuts.owner, cuts.starts, strict=True)],
            whole.labels[cuts.owner], whole.classes, None if whole.groups is None else whole.groups[cuts.owner],
            whole.skipped, whole.notes,
        )  # fmt: skip
    if step_labels is not None:
        facts.labels, facts.classes = encode(windows.majority(step_labels, cuts), found.classes)
        if several := windows.mixed(step_labels, cuts):
            facts.notes.append(f"{several:,} samples hold more than one label; each has the one of most of its steps")
    if found.step_groups is not None and given_groups is None:
        facts.groups = number_groups(windows.majority(found.step_groups, cuts))
    if cuts.window and facts.groups is None:
        facts.groups = windows.stretches(cuts)
        facts.notes.append("windows of one recording (or stretch of it) are one group, so that neighbours are never divided")
    return facts


def _not_columns(options: ReadOptions, tabular: bool) -> tuple[Any, Any]:
    """Labels and groups that a person gave, where they are no names of columns (these the reader has used)."""

    def given(value: Any) -> Any:
        return (
            None
            if tabular and isinstance(value, str) and not Path(value).expanduser().is_file() and not Path(value).suffix
            else value
        )

    return given(options.labels), given(options.groups)


def _unique(names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return list(names)
    return [f"{name} ({number})" for number, name in enumerate(names)]


def _spec(found: Found, cuts: windows.Cut, reading: SeriesReading, notes: list[str]) -> SeriesSpec:
    """What there is to know of these samples; channels that never change are told in `notes`."""
    values = found.values
    mean = values.mean(axis=0, dtype=np.float64)
    std = values.std(axis=0, dtype=np.float64)
    constant = std <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    if constant.any():
        names = [name for name, flat in zip(found.channels, constant, strict=True) if flat]
        notes.append(f"channels that never change: {', '.join(names[:5])}")
    joints = reading.joints if reading.joints is not None else found.joints
    if joints and len(found.channels) % joints:
        raise DataError(f"{len(found.channels)} channels are not {joints} joints with equally many coordinates")
    devices = reading.devices or 0
    if devices and len(found.channels) % devices:
        raise DataError(
            f"{len(found.channels)} channels are not of {devices} devices with equally many; choose others with channels="
        )
    return SeriesSpec(
        channels=tuple(found.channels),
        length=int(cuts.lengths.max()),
        varies=bool(cuts.lengths.min() < cuts.lengths.max()),
        windowed=bool(cuts.window),
        stride=cuts.stride,
        mean=tuple(map(float, mean)),
        std=tuple(1.0 if flat else float(each) for each, flat in zip(std, constant, strict=True)),
        rate=reading.rate or found.rate,
        every=found.every,
        joints=joints,
        devices=devices,
    )


def _stretched(found: Found, cuts: windows.Cut, length: int, longer_only: bool = False) -> tuple[Found, windows.Cut, str]:
    """Samples of another length brought to the encoder's, by straight lines between their values."""
    pieces, changed = [], 0
    for start, steps in zip(cuts.starts, cuts.lengths, strict=True):
        piece = found.values[start : start + steps].astype(np.float32)
        if steps != length and not (longer_only and steps < length):
            places = np.linspace(0, steps - 1, length)
            piece = np.stack([np.interp(places, np.arange(steps), column) for column in piece.T], axis=1).astype(np.float32)
            changed += 1
        pieces.append(piece)
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    what = (
        f"of more than {length:,} steps are shrunk"
        if longer_only
        else f"of another length than {length:,} steps are stretched or shrunk"
    )
    said = f"{changed:,} series {what} to it, by straight lines between their values"
    return replace(found, values=np.concatenate(pieces)), replace(cuts, starts=starts, lengths=lengths), said
