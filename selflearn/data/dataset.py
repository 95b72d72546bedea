"""A dataset: indexable samples of one kind, with ids and, where known, labels and groups. A missing label is -1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from selflearn.data.batch import Batch
from selflearn.data.samplers import Blocks, Drawn
from selflearn.data.spec import Spec

if TYPE_CHECKING:
    from PIL.Image import Image

LOOKED_AT = 16_000_000
"""Values that are compared at once: large samples come a few at a time."""


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
    blocks : which samples are cheap to read together (those of one shard); None where any is as cheap as any other.
    shared : True where a batch of any samples holds all of the data (the nodes of one graph), so that embedding all costs no more.

    Class attributes
    ----------------
    raw_is : what `raw` holds, for the report.
    side : pixels of a sample's thumbnail; more where small drawings cannot be read.
    drawn : False where words say more of a sample than a thumbnail can (texts).
    """

    raw_is: ClassVar[str] = "the input itself"
    side: ClassVar[int] = 48
    drawn: ClassVar[bool] = True
    streamed: bool = False
    shared: bool = False
    blocks: Blocks | None = None

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

    def words(self, index: int) -> str:
        """One sample told in words, at most about 200 characters; empty for kinds that are better looked at."""
        return ""

    def prepare(self, blocks: Sequence[int]) -> None:
        """Told by a loading process which blocks will be wanted soon; must not wait for them."""
        return

    def incidents(self) -> list[str]:
        """What went wrong, and was overcome, since the data was read, one sentence each: retries, shards that went away."""
        return []

    def all_alike(self) -> bool:
        """Whether every sample equals the first, so that there is nothing to tell apart."""
        first = self.batch([0]).values
        step = max(1, min(1024, LOOKED_AT // max(first.numel(), 1)))
        for start in range(0, len(self), step):
            values = self.batch(np.arange(start, min(start + step, len(self)))).values
            if not bool((values == first).all()):
                return False
        return True

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        if isinstance(indices, Drawn):
            self.prepare(indices.ahead)
        return self.batch(indices)
