"""The embedded samples that a report may show: those with a picture, or all where nothing can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from selflearn.errors import DataError


@dataclass(frozen=True)
class Samples:
    """The embedded samples that map and neighbours may show.

    Attributes
    ----------
    vectors : (n, dim). ids : n strings. labels : (n,) or None where no label is known. classes : class names.
    pictures : n pictures or None. words : what each says, or None.
    total : how many samples were embedded in all.
    """

    vectors: np.ndarray
    ids: list[str]
    labels: np.ndarray | None
    classes: Sequence[str]
    pictures: list[Image] | None
    total: int
    seed: int
    words: list[str] | None = None

    @classmethod
    def of(
        cls,
        embeddings: np.ndarray | None,
        ids: Sequence[str] | None,
        labels: np.ndarray | None,
        classes: Sequence[str],
        pictures: Mapping[int, Image] | None,
        seed: int,
        words: Mapping[int, str] | None = None,
    ) -> Samples | None:
        """Those with a picture or words, or all where there are none. None without embeddings; `DataError` where lengths differ."""
        if embeddings is None or len(embeddings) == 0:
            return None
        total = len(embeddings)
        ids = [str(row) for row in range(total)] if ids is None else ids
        if len(ids) != total or (labels is not None and len(labels) != total):
            raise DataError(
                f"a report of {total} embeddings needs as many ids and labels, not {len(ids)} ids"
                + ("" if labels is None else f" and {len(labels)} labels")
            )
        shown = sorted(int(row) for row in (pictures or words or ()) if 0 <= row < total)
        rows = np.array(shown) if shown else np.arange(total)
        known = labels is not None and bool((np.asarray(labels)[rows] >= 0).any())
        return cls(
            np.asarray(embeddings)[rows],
            [str(ids[int(row)]) for row in rows],
            np.asarray(labels)[rows] if known and labels is not None else None,
            classes,
            [pictures[int(row)] for row in rows] if pictures else None,
            total,
            seed,
            [words.get(int(row), "") for row in rows] if words else None,
        )

    def name(self, label: int) -> str:
        """A class's name."""
        if label < 0:
            return "no label"
        return str(self.classes[label]) if label < len(self.classes) else f"class {label}"

    def some(self, count: int) -> Samples:
        """At most `count` of them, drawn by the seed."""
        if len(self.ids) <= count:
            return self
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(self.ids))[:count])
        labels = None if self.labels is None else self.labels[rows]
        pictures = None if self.pictures is None else [self.pictures[row] for row in rows]
        words = None if self.words is None else [self.words[row] for row in rows]
        ids = [self.ids[row] for row in rows]
        return Samples(self.vectors[rows], ids, labels, self.classes, pictures, self.total, self.seed, words)
