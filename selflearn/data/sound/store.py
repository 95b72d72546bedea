"""Datasets of sound: samples in memory or mapped from disk, or decoded anew for each batch. Both give equal batches."""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from selflearn.data.batch import Batch
from selflearn.data.cache import Mapped
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.shards.files import Gone
from selflearn.data.sound.decode import Unreadable, margin, reason, resample
from selflearn.data.sound.origins import Origin
from selflearn.data.sound.picture import portrait
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.spectrum import described
from selflearn.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

_ROUND = 0.05  # seconds; padded lengths come in few sizes, which memory and kernels are then kept for
_RAW_SAMPLES = 4_000_000  # samples that are described at once


class Sound(Dataset):
    """What all datasets of sound share; a subclass says where samples come from.

    Parameters
    ----------
    spec, facts : see `Dataset`.
    content : a key of the samples.
    lengths : (n,) int64 samples of each recording or window.
    """

    raw_is: ClassVar[str] = "20 frames of the log-mel spectrogram without each recording's mean, and the deviation of each band"
    side: ClassVar[int] = 72
    spec: SoundSpec

    def __init__(self, spec: SoundSpec, facts: Facts, content: str, lengths: np.ndarray) -> None:
        self.spec, self.facts, self.lengths = spec, facts, lengths
        self.fingerprint = hashlib.blake2b(content.encode() + facts.labels.tobytes(), digest_size=16).hexdigest()

    @abstractmethod
    def piece(self, row: int) -> np.ndarray:
        """(samples, channels) of one sample, of the stored type."""

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Samples as they are stored: values (batch, channels, samples); where lengths vary, padded with zeros to the longest of
        the batch, with `lengths` and `mask`.
        """
        rows = np.asarray(indices, dtype=np.int64)
        lengths = self.lengths[rows]
        whole = not self.spec.varies and bool((lengths == self.spec.length).all())
        longest = self.spec.length
        if self.spec.varies:
            step = max(1, round(_ROUND * self.spec.rate))
            longest = min(longest, step * -(-int(lengths.max(initial=2)) // step))
        values = np.zeros((len(rows), self.spec.channels, longest), dtype=self.spec.dtype)
        for place, row in enumerate(rows):
            values[place, :, : lengths[place]] = self.piece(int(row)).T
        batch = Batch(
            torch.from_numpy(values),
            torch.from_numpy(rows.copy()),
            torch.from_numpy(self.facts.labels[rows]),
            groups=None if self.facts.groups is None else torch.from_numpy(self.facts.groups[rows]),
        )
        if whole:
            return batch
        known = torch.from_numpy(lengths.copy())
        return batch.replace(lengths=known, mask=torch.arange(longest) < known[:, None])

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32: see `selflearn.data.sound.spectrum.described`."""
        rows = np.asarray(indices, dtype=np.int64)
        step = max(1, min(256, _RAW_SAMPLES // (self.spec.length * self.spec.channels)))
        parts = []
        for start in range(0, len(rows), step):
            batch = self.batch(rows[start : start + step])
            parts.append(described(batch.values.float() / self.spec.full, batch.lengths, self.spec.rate).numpy())
        return np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)

    def all_alike(self) -> bool:
        """Whether every recording equals the first."""
        first = self.piece(0)
        return all(self.lengths[row] == self.lengths[0] and np.array_equal(self.piece(row), first) for row in range(1, len(self)))

    def picture(self, index: int, size: int = 96) -> Image:
        """The waveform above, the spectrogram below."""
        return portrait(self.piece(index), self.spec.rate, size)

    def words(self, index: int) -> str:
        """How long and how loud it is."""
        values = self.piece(index).astype(np.float64) / self.spec.full
        peak, level = np.abs(values).max(initial=0.0), np.sqrt(np.mean(np.square(values)))
        loud = f"peak {_decibels(peak)}, mean {_decibels(level)}" if peak > 0 else "silent"
        return f"{len(values) / self.spec.rate:.2f} s, {loud}"


class StoredSound(Mapped, Sound):
    """Decoded recordings end to end in one array.

    Parameters
    ----------
    spec, facts, content, lengths : see `Sound`.
    values : (samples, channels) of the stored type; may be mapped from a file.
    starts : (n,) int64, where each sample begins; windows that overlap share their memory.
    """

    def __init__(
        self, spec: SoundSpec, facts: Facts, content: str, lengths: np.ndarray, values: np.ndarray, starts: np.ndarray
    ) -> None:
        super().__init__(spec, facts, content, lengths)
        self.values, self.starts = values, starts

    def piece(self, row: int) -> np.ndarray:
        """A slice of the array."""
        start = self.starts[row]
        return self.values[start : start + self.lengths[row]]


class StreamedSound(Sound):
    """Recordings decoded when a batch asks for them, for data too large to keep decoded; meant to run in DataLoader workers.

    A file that turns out damaged at that moment becomes silence, with one warning, and is counted: no run dies of it.

    Parameters
    ----------
    spec, facts, content, lengths : see `Sound`.
    origin : the recordings.
    rows : (n,) the position in `origin` of each sample's recording.
    begins : (n,) int64, where in it the sample begins, in samples of the spec's rate.
    rates : (recordings of `origin`,) their own rates.

    Attributes
    ----------
    silent : (n,) which were heard as silence, in all processes together.
    """

    streamed = True

    def __init__(
        self,
        spec: SoundSpec,
        facts: Facts,
        content: str,
        lengths: np.ndarray,
        origin: Origin,
        rows: np.ndarray,
        begins: np.ndarray,
        rates: dict[int, int],
    ) -> None:
        super().__init__(spec, facts, content, lengths)
        self.origin, self.rows, self.begins, self.rates = origin, rows, begins, rates
        self.silent = torch.zeros(len(rows), dtype=torch.bool).share_memory_()

    def piece(self, row: int) -> np.ndarray:
        """Decoded now, with a little of what lies around it where it is resampled."""
        spec, length = self.spec, int(self.lengths[row])
        found = np.zeros((length, spec.channels), dtype=spec.dtype)
        position = int(self.rows[row])
        try:
            begin = self.begins[row] / spec.rate
            around = margin(self.rates[position], spec.rate)
            first = max(0.0, begin - around)
            values, rate = self.origin.read(position, first, begin - first + length / spec.rate + around)
            values = resample(mixed(values, spec.channels), rate, spec.rate)
            skipped = round((begin - first) * spec.rate)
            values = quantised(values[skipped : skipped + length], spec)
            found[: len(values)] = values
        except DataError:  # not this recording's fault: a server that does not come back, a full disk
            raise
        except Exception as error:
            if not self.silent[row] and not isinstance(error, Gone):  # a shard that is gone was told of once, not by recording
                self.silent[row] = True
                warnings.warn(f"{self.facts.ids[row]} is heard as silence: {reason(error)}", RuntimeWarning, stacklevel=2)
        return found

    def prepare(self, blocks: Sequence[int]) -> None:
        """Of the origin."""
        self.origin.prepare(blocks)

    def incidents(self) -> list[str]:
        """Of the origin, and recordings that were damaged inside."""
        count = int(self.silent.sum())
        told = f"{count:,} sample{'s' if count != 1 else ''} could not be read when wanted: silence took the place"
        return [*self.origin.incidents(), *([told] if count else [])]


def mixed(values: np.ndarray, channels: int) -> np.ndarray:
    """(samples, channels) of (samples, any): one is the mean of all; a single one stands for each of several.

    Raises
    ------
    Unreadable : another number.
    """
    if channels == 1:
        return values if values.shape[1] == 1 else values.mean(axis=1, keepdims=True)
    if values.shape[1] not in {1, channels}:
        raise Unreadable(f"it has {values.shape[1]} channels, where {channels} are kept")
    return np.broadcast_to(values, (len(values), channels))


def quantised(values: np.ndarray, spec: SoundSpec) -> np.ndarray:
    """Samples at unit scale as they are stored; for whole numbers, what is louder than full scale is brought down to it."""
    if spec.dtype == "float32":
        return values.astype(np.float32, copy=False)
    peak = float(np.abs(values).max(initial=0.0))
    if peak > 1:
        values = values / peak
    return np.clip(np.rint(values * 32_768), -32_768, 32_767).astype(np.int16)


def _decibels(value: float) -> str:
    return f"{20 * np.log10(max(value, 1e-9)):.0f} dB"
