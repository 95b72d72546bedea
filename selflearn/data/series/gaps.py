"""Gaps: missing and infinite values become a straight line between their neighbours, and are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from selflearn.data.series.found import Found
from selflearn.errors import DataError


def fill(found: Found) -> Found:
    """The recordings without gaps.

    Inside a recording a gap becomes the line between the values on its sides, at the ends the nearest value; a channel that a
    recording lacks altogether becomes the channel's mean over all others. A channel without any value is left out.

    Raises
    ------
    DataError : no channel has any value.
    """
    if found.values.dtype.kind not in "fc":
        return found
    with np.errstate(over="ignore"):
        values = found.values.astype(np.float32)
    finite = np.isfinite(values)
    empty = ~np.asarray(finite.any(axis=0))
    notes = list(found.notes)
    if empty.all():
        raise DataError(f"{found.where}: no channel has a finite value")
    channels = found.channels
    if empty.any():
        gone = [name for name, without in zip(channels, empty, strict=True) if without]
        notes.append(f"channels without any value are left out: {', '.join(gone[:5])}{' ...' if len(gone) > 5 else ''}")
        values, finite = values[:, ~empty], finite[:, ~empty]
        channels = [name for name, without in zip(channels, empty, strict=True) if not without]
    if not finite.all():
        notes.append(_fill(values, finite, found))
    return replace(found, values=values, channels=channels, notes=notes, joints=0 if empty.any() else found.joints)


def _fill(values: np.ndarray, finite: np.ndarray, found: Found) -> str:
    """Fill in place; what was done, in words."""
    infinite = int(np.isinf(values).sum())
    holes = int((~finite).sum())
    lacking = 0
    owner = np.searchsorted(found.offsets, np.flatnonzero(~finite.all(axis=1)), side="right") - 1
    means = [float(column[real].mean(dtype=np.float64)) for column, real in zip(values.T, finite.T, strict=True)]
    for recording in np.unique(owner):
        rows = slice(found.offsets[recording], found.offsets[recording + 1])
        for channel in np.flatnonzero(~finite[rows].all(axis=0)):
            real = np.flatnonzero(finite[rows, channel])
            if len(real):
                values[rows, channel] = np.interp(np.arange(rows.stop - rows.start), real, values[rows, channel][real])
            else:
                values[rows, channel] = means[channel]
                lacking += 1
    words = f"{holes:,} missing values are filled by straight lines between their neighbours"
    words += f" ({infinite:,} of them were infinite)" if infinite else ""
    return words + (f"; {lacking:,} channels that a series lacks altogether are at the channel's mean" if lacking else "")
