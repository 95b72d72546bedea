"""A dataset: indexable samples of one kind, with ids and, where known, labels and groups. A missing label is -1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Skipped:
    """Something that was left out, said once and counted in the report."""

    what: str
    why: str


@dataclass
class Facts:
    """What is known of every sample beside its content.

    Attributes
    ----------
    ids : one string a sample, unique: a relative path, a row number.
    labels : (n,) int64 class numbers, -1 where nobody knows.
    classes : the name of each class number.
    groups : (n,) int64, samples of one group (patient, speaker, site) are never split apart; None where unknown.
    skipped : what could not be used, and why.
    notes : what a person should be told, e.g. "3 pictures are turned by their EXIF tag".
    """

    ids: list[str]
    labels: np.ndarray
    classes: list[str] = field(default_factory=list)
    groups: np.ndarray | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Dataset(ABC):
    """Samples of one kind; the concrete class lies with its kind.

    Attributes
    ----------
    spec : what views and encoders must know.
    facts : ids, labels, classes, groups, skipped and notes.
    fingerprint : hexadecimal content key; equal for equal samples in equal order.
    streamed : True where samples are decoded anew for each batch, which is then better done by worker processes.
    """

    streamed: bool = False

    spec: Spec
    facts: Facts
    fingerprint: str

    def __len__(self) -> int:
        return len(self.facts.ids)

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64 class numbers, -1 where nobody knows."""
        return self.facts.labels

    @abstractmethod
    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The raw samples at these positions, on the CPU. `Batch.index` repeats the positions."""

    @abstractmethod
    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32: the input itself as vectors, for the dull baselines (raw, PCA)."""

    @abstractmethod
    def picture(self, index: int, size: int = 64) -> Image:
        """How one sample looks to a person: an RGB picture with sides of at most `size` pixels."""

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        return self.batch(indices)
