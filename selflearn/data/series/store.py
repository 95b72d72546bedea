"""A dataset of series: one array of all steps, and where each sample begins. Windows that overlap share their memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.series.picture import curves
from selflearn.data.series.spec import SeriesSpec
from selflearn.data.series.statistics import described

if TYPE_CHECKING:
    from PIL.Image import Image

_ROUND = 16  # padded lengths come in few sizes, which memory and kernels are then kept for


class Series(Dataset):
    """Series in memory.

    Parameters
    ----------
    spec, facts : see `Dataset`.
    values : (steps, channels) numbers without gaps, all recordings end to end.
    starts, lengths : (samples,) int64, the place of each sample.
    """

    raw_is: ClassVar[str] = "statistics of each channel, and its values at up to 128 points"
    side: ClassVar[int] = 96
    spec: SeriesSpec

    def __init__(self, spec: SeriesSpec, facts: Facts, values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> None:
        self.spec, self.facts, self.values, self.starts, self.lengths = spec, facts, values, starts, lengths
        digest = hashlib.blake2b(f"{values.shape} {values.dtype}".encode(), digest_size=16)
        for part in (values, starts, lengths, facts.labels):
            digest.update(np.ascontiguousarray(part).tobytes())
        self.fingerprint = digest.hexdigest()

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Samples as they were read: values (batch, channels, length) float32; where lengths vary, padded with each channel's mean
        to the longest of the batch, with `lengths` and `mask`.
        """
        rows = np.asarray(indices, dtype=np.int64)
        lengths = self.lengths[rows]
        whole = not self.spec.varies and bool((lengths == self.spec.length).all())
        longest = (
            min(self.spec.length, _ROUND * -(-int(lengths.max(initial=2)) // _ROUND)) if self.spec.varies else self.spec.length
        )
        steps = np.arange(longest)
        places = self.starts[rows, None] + (steps if whole else np.minimum(steps, lengths[:, None] - 1))
        values = self.values[places].astype(np.float32)
        known = Batch(
            torch.empty(0),
            torch.from_numpy(rows.copy()),
            torch.from_numpy(self.facts.labels[rows]),
            groups=None if self.facts.groups is None else torch.from_numpy(self.facts.groups[rows]),
        )
        if not whole:
            real = steps < lengths[:, None]
            values[~real] = np.array(self.spec.mean, dtype=np.float32)
            known = known.replace(lengths=torch.from_numpy(lengths.copy()), mask=torch.from_numpy(real))
        return known.replace(values=torch.from_numpy(np.ascontiguousarray(values.transpose(0, 2, 1))))

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32: nine statistics of each standardised channel, and its values at up to 128 points."""
        rows = np.asarray(indices, dtype=np.int64)
        parts = []
        for start in range(0, len(rows), 1024):
            batch = self.batch(rows[start : start + 1024])
            parts.append(described(self.spec, batch).numpy())
        return np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)

    def all_alike(self) -> bool:
        """Whether every sample equals the first; those of several lengths do not."""
        return not self.spec.varies and super().all_alike()

    def picture(self, index: int, size: int = 64) -> Image:
        """The curves of the sample, one strip a channel or joint coordinate, on a common scale of each channel."""
        rows = self.values[self.starts[index] : self.starts[index] + self.lengths[index]].astype(np.float64)
        return curves(((rows - np.array(self.spec.mean)) / np.array(self.spec.std)).T, size)

    def words(self, index: int) -> str:
        """How long it is, and the range of its first channels."""
        rows = self.values[self.starts[index] : self.starts[index] + self.lengths[index]].astype(np.float64)
        steps = f"{len(rows):,} steps" + (f", {len(rows) / self.spec.rate:.3g} s" if self.spec.rate else "")
        told = [
            f"{name} {low:.4g} to {high:.4g}"
            for name, low, high in zip(self.spec.channels[:3], rows.min(axis=0), rows.max(axis=0), strict=False)
        ]
        return f"{steps}: {', '.join(told)}{' ...' if len(self.spec.channels) > 3 else ''}"[:200]
