"""What every reader of series gives: recordings end to end, with what is known of each. `prepare` makes samples of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from selflearn.data.dataset import Skipped
from selflearn.errors import DataError


@dataclass
class Found:
    """Recordings as they stood in the source.

    Attributes
    ----------
    where : the source in a few words, for messages.
    values : (steps, channels) numbers of all recordings, end to end; NaN where one is missing.
    offsets : (recordings + 1,) int64, where each begins and the last ends.
    names : one a recording.
    channels : one name a channel.
    labels, groups : one raw value a recording, or None.
    step_labels, step_groups : one raw value a step instead, for sources that tell them so; None otherwise.
    classes : names of the classes 0, 1, ... where the source gives them.
    rate : steps a second where the source tells it.
    joints : for skeletons, how many.
    breaks : steps at which a window must not go on (pauses, changes of the subject), sorted.
    every : neighbouring steps of the source that were averaged into one.
    tabular : True where it has columns, one of which may be named as that of labels or groups.
    """

    where: str
    values: np.ndarray
    offsets: np.ndarray
    names: list[str]
    channels: list[str]
    labels: Sequence[Any] | None = None
    groups: Sequence[Any] | None = None
    step_labels: np.ndarray | None = None
    step_groups: np.ndarray | None = None
    classes: list[str] | None = None
    rate: float | None = None
    joints: int = 0
    every: int = 1
    tabular: bool = False
    breaks: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lengths(self) -> np.ndarray:
        """(recordings,) int64 steps of each."""
        return np.diff(self.offsets)


def of_stack(where: str, stack: np.ndarray, channels: list[str] | None = None, **known: Any) -> Found:
    """Recordings of one length: (recordings, channels, steps) to `Found`."""
    count, width, steps = stack.shape
    values = np.ascontiguousarray(stack.transpose(0, 2, 1)).reshape(count * steps, width)
    names = known.pop("names", None) or [str(row) for row in range(count)]
    return Found(where, values, np.arange(count + 1, dtype=np.int64) * steps, names, channels or numbered(width), **known)


def of_list(where: str, pieces: Sequence[np.ndarray], names: list[str], channels: list[str], **known: Any) -> Found:
    """Recordings of (steps, channels) each to `Found`.

    Raises
    ------
    DataError : they differ in their channels; names the first that does.
    """
    for piece, name in zip(pieces, names, strict=True):
        if piece.ndim != 2 or piece.shape[1] != len(channels):
            raise DataError(f"{where}: {name} has {piece.shape[-1]} channels, where others have {len(channels)}")
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    values = np.concatenate(pieces) if pieces else np.empty((0, len(channels)), dtype=np.float32)
    return Found(where, values, offsets, names, channels, **known)


def join(where: str, parts: Sequence[Found], names: list[str]) -> Found:
    """The recordings of several sources as those of one: channels by name, and labels, groups, breaks, notes and skipped of all.

    Parameters
    ----------
    names : of all recordings, in order.

    Raises
    ------
    DataError : they differ in their channels; names the first that does.
    """
    first = parts[0]
    pieces, breaks, start = [], [], 0
    for part in parts:
        if set(part.channels) != set(first.channels):
            mine, others = (", ".join(each.channels[:4]) for each in (part, first))
            raise DataError(f"{where}: the channels of {part.where} are {mine}, those of others {others}")
        values = part.values[:, [part.channels.index(name) for name in first.channels]]
        pieces += np.split(values, part.offsets[1:-1])
        breaks.append(part.breaks + start)
        start += len(values)
    known: dict[str, Any] = {
        name: [each for part in parts for each in getattr(part, name)]
        for name in ("labels", "groups")
        if all(getattr(part, name) is not None for part in parts)
    }
    for name in ("step_labels", "step_groups"):
        if all(getattr(part, name) is not None for part in parts):
            known[name] = np.concatenate([getattr(part, name) for part in parts])
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    if len(rates := {part.rate for part in parts}) > 1:
        told = ", ".join("unknown" if each is None else f"{each:g}" for each in sorted(rates, key=lambda each: each or 0)[:4])
        notes.append(f"recordings differ in their steps a second ({told}), and are taken as if they did not")
    skipped = [each for part in parts for each in part.skipped]
    return of_list(where, pieces, names, first.channels, rate=first.rate, joints=first.joints, breaks=np.concatenate(breaks),
                   tabular=all(part.tabular for part in parts), skipped=skipped, notes=notes, **known)  # fmt: skip


def numbered(count: int) -> list[str]:
    """Names of channels that have none."""
    return [f"channel {number}" for number in range(count)]
