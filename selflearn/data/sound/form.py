"""The one form in which recordings are kept, from their headers alone; and which pieces of them are samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from selflearn.data.sound.decode import Header, resampled_length
from selflearn.data.sound.options import SoundReading
from selflearn.data.sound.spec import SampleType, SoundSpec

MOST_RATE = 16_000
"""Default limit of the rate: it holds what is understood of speech, and more than half of the work of 44.1 kHz is saved."""
WINDOW = 3.0
"""Seconds of a window where nobody said: a phrase, a bird's call, a machine's turn."""
FEW, LONG = 8, 30.0
"""Fewer recordings than this, or longer ones (seconds, the middle one), are cut into windows."""
UNUSUAL = 4
"""Recordings this many times as long as the middle one are cut, so that a few do not decide the work of all."""
LEAST = 0.01
"""Seconds below which a recording has nothing to hear: one frame."""


@dataclass(frozen=True)
class Form:
    """How recordings are kept.

    Attributes
    ----------
    rate, channels, dtype : as in the spec.
    window, stride : samples of windows; 0 where samples are whole recordings.
    most : samples of a recording that are kept, where they are whole.
    notes : what a person should be told.
    """

    rate: int
    channels: int
    dtype: SampleType
    window: int
    stride: int
    most: int
    notes: list[str] = field(default_factory=list)

    def kept(self, header: Header) -> int:
        """Samples of a recording with this header that are kept."""
        frames = resampled_length(header.frames, header.rate, self.rate)
        return frames if self.window else min(frames, self.most)


@dataclass(frozen=True)
class Pieces:
    """Samples as places in recordings: `owner` counts recordings; `begins` and `lengths` are in samples of the form's rate."""

    owner: np.ndarray
    begins: np.ndarray
    lengths: np.ndarray


def choose_form(headers: Mapping[int, Header], reading: SoundReading, like: SoundSpec | None) -> Form:
    """The form for recordings with these headers, as a person asked, or as an encoder (`like`) needs it."""
    every = list(headers.values())
    if like is not None:
        window = like.length if like.windowed else 0
        return Form(like.rate, like.channels, like.dtype, window, like.stride, like.length, _notes(every, like.rate, like.channels))
    rates = Counter(each.rate for each in every)
    rate = reading.rate or min(rates.most_common(1)[0][0], MOST_RATE)
    channels = 1 if reading.channels == "mono" else max(each.channels for each in every)
    dtype: SampleType = "float32" if any(each.deep for each in every) else "int16"
    notes = _notes(every, rate, channels)
    seconds = np.array([each.frames / each.rate for each in every])
    middle = float(np.median(seconds))
    window = round(rate * (reading.window or 0.0))
    if not window and ((len(every) < FEW and seconds.max() >= 2 * WINDOW) or middle >= LONG):
        window = round(rate * min(WINDOW, max(1.0, float(seconds.sum()) / (8 * FEW))))
        notes.append(
            f"long recordings are cut into windows of {window / rate:g} s; --read window=SECONDS chooses, --read stride=SECONDS "
            "lets them overlap"
        )
    stride = round(rate * reading.stride) if window and reading.stride else window
    most = round(rate * min(reading.longest, max(1.0, UNUSUAL * middle)))
    longer = sum(int(each > most / rate + 1e-6) for each in seconds)
    if longer and not window:
        notes.append(
            f"{longer:,} recordings of more than {most / rate:.3g} s (the longest has {seconds.max():.3g} s) are cut to their "
            "beginning; --read window=SECONDS cuts them into pieces instead"
        )
    return Form(rate, channels, dtype, window, stride, most, notes)


def _notes(every: list[Header], rate: int, channels: int) -> list[str]:
    """What is done to recordings beyond decoding, counted."""
    notes = []
    other = Counter(each.rate for each in every if each.rate != rate)
    if other:
        told = ", ".join(f"{count:,} at {each:,} Hz" for each, count in other.most_common(3))
        notes.append(f"recordings at another rate than {rate:,} Hz are resampled to it ({told})")
    several = sum(each.channels > channels for each in every)
    if several and channels == 1:
        notes.append(f"{several:,} recordings of several channels are mixed to one; --read channels=all keeps each")
    return notes


def cut(lengths: np.ndarray, form: Form) -> Pieces:
    """The samples of recordings of these lengths: windows, the rest at their end left out; or all of each.

    A recording shorter than a window is a sample as it is.
    """
    if not form.window:
        return Pieces(np.arange(len(lengths)), np.zeros(len(lengths), dtype=np.int64), lengths)
    begins = [np.arange(0, max(1, length - form.window + 1), form.stride, dtype=np.int64) for length in lengths]
    owner = np.repeat(np.arange(len(lengths)), [len(each) for each in begins])
    first = np.concatenate(begins) if begins else np.empty(0, dtype=np.int64)
    return Pieces(owner, first, np.minimum(lengths[owner] - first, form.window).astype(np.int64))


def spec_of(pieces: Pieces, form: Form) -> SoundSpec:
    """The spec of samples in this form."""
    longest = max(2, int(pieces.lengths.max()))
    return SoundSpec(
        rate=form.rate,
        channels=form.channels,
        length=longest,
        usual=min(longest, max(2, int(np.quantile(pieces.lengths, 0.75)))),
        varies=bool(pieces.lengths.min() < pieces.lengths.max()),
        windowed=bool(form.window),
        stride=form.stride,
        dtype=form.dtype,
    )
