"""Some samples of a dataset, as a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts
from selflearn.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


def subset(dataset: Dataset, indices: Sequence[int] | np.ndarray) -> Dataset:
    """The samples of `dataset` at `indices` (int positions or a bool mask), in that order, without copying them.

    Positions, `Batch.index` included, then count within the subset; class numbers stay those of the whole dataset.

    Raises
    ------
    DataError : a position outside the dataset, or a mask of another length.
    """
    return _chosen(dataset, indices)


def _chosen(dataset: Dataset, indices: Sequence[int] | np.ndarray) -> _Subset:
    chosen = np.asarray(indices)
    if chosen.dtype == bool:
        if chosen.shape != (len(dataset),):
            raise DataError(f"a mask over {len(dataset)} samples has the shape ({len(dataset)},), not {chosen.shape}")
        chosen = np.flatnonzero(chosen)
    chosen = chosen.astype(np.int64).ravel()
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= len(dataset)):
        raise DataError(f"positions run from 0 to {len(dataset) - 1}; got {chosen.min()} to {chosen.max()}")
    if isinstance(dataset, _Subset):
        return _Subset(dataset.whole, dataset.chosen[chosen], dataset.facts.labels[chosen], dataset.facts.classes)
    return _Subset(dataset, chosen, dataset.facts.labels[chosen], dataset.facts.classes)


def knowing(dataset: Dataset, indices: Sequence[int] | np.ndarray) -> Dataset:
    """All samples of `dataset`, of which only those at `indices` keep their label; the others are unlabelled (-1).

    Raises
    ------
    DataError : as `subset`.
    """
    everything = _chosen(dataset, np.arange(len(dataset)))
    known = np.isin(everything.chosen, _chosen(dataset, indices).chosen)
    labels = np.where(known, everything.facts.labels, -1)
    return _Subset(everything.whole, everything.chosen, labels, everything.facts.classes)


def relabelled(dataset: Dataset, labels: np.ndarray, classes: list[str]) -> Dataset:
    """All samples of `dataset` with other labels: found ones, say.

    Parameters
    ----------
    labels : (n,) int64 class numbers, -1 where a sample has none.
    classes : the name of each class number.

    Raises
    ------
    DataError : not one label a sample, or a label without a class.
    """
    if labels.shape != (len(dataset),) or (len(labels) and not -1 <= labels.min() <= labels.max() < len(classes)):
        raise DataError(f"{len(dataset)} samples need as many labels from -1 to {len(classes) - 1}")
    everything = _chosen(dataset, np.arange(len(dataset)))
    return _Subset(everything.whole, everything.chosen, labels.astype(np.int64), classes)


class _Subset(Dataset):
    def __init__(self, whole: Dataset, chosen: np.ndarray, labels: np.ndarray, classes: list[str]) -> None:
        facts = whole.facts
        self.whole, self.chosen, self.spec, self.streamed = whole, chosen, whole.spec, whole.streamed
        self.shared = whole.shared
        self.blocks = None if whole.blocks is None else whole.blocks.take(chosen)
        self.raw_is, self.side, self.drawn = whole.raw_is, whole.side, whole.drawn  # type: ignore[misc]
        self.facts = Facts(
            ids=[facts.ids[row] for row in chosen],
            labels=labels,
            classes=classes,
            groups=None if facts.groups is None else facts.groups[chosen],
            skipped=facts.skipped,
            notes=facts.notes,
        )
        held_back = b"" if np.array_equal(labels, facts.labels[chosen]) else labels.tobytes()
        self.fingerprint = hashlib.blake2b(whole.fingerprint.encode() + chosen.tobytes() + held_back, digest_size=16).hexdigest()

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        inside = np.asarray(indices, dtype=np.int64)
        found = self.whole.batch(self.chosen[inside])
        return found.replace(index=torch.from_numpy(inside.copy()), labels=torch.from_numpy(self.facts.labels[inside]))

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self.whole.raw(self.chosen[np.asarray(indices, dtype=np.int64)])

    def picture(self, index: int, size: int = 64) -> Image:
        return self.whole.picture(int(self.chosen[index]), size)

    def words(self, index: int) -> str:
        return self.whole.words(int(self.chosen[index]))

    def prepare(self, blocks: Sequence[int]) -> None:
        self.whole.prepare(blocks)

    def incidents(self) -> list[str]:
        return self.whole.incidents()
