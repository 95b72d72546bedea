"""Decoded pictures on disk: what `selflearn.data.cache` keeps, as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from selflearn.data.cache import VERSION, Cache, Stored, content_key

__all__ = ["VERSION", "Decoded", "PictureCache", "content_key"]


@dataclass
class Decoded:
    """Pictures as arrays, and what happened on the way.

    Attributes
    ----------
    values : (stored, channels, height, width).
    rows : (n,) which row holds each usable picture.
    positions : (n,) which picture of the origin each is.
    aspect : (n,) float32 original width / height; None where the stored proportions are the true ones.
    failed : position of the origin -> why it could not be used.
    notes : what a person should be told.
    content : key of the pixels.
    """

    values: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    aspect: np.ndarray | None
    failed: dict[int, str]
    notes: list[str]
    content: str


class PictureCache:
    """The place of one data set's decoded pictures; see `Cache`."""

    def __init__(self, folder: Path, key: str) -> None:
        self._cache = Cache(folder, "images", key)
        self.place, self.begin, self.abandon = self._cache.place, self._cache.begin, self._cache.abandon

    def load(self) -> Decoded | None:
        """What was stored, its values mapped; None where nothing is, or where it is torn (it is then removed)."""
        stored = self._cache.load()
        return None if stored is None else _decoded(stored)

    def finish(self, target: Path, decoded: Decoded) -> Decoded:
        """Seal what `begin` gave: the same data, mapped for reading."""
        index = {"rows": decoded.rows, "positions": decoded.positions}
        if decoded.aspect is not None:
            index["aspect"] = decoded.aspect
        failed = {str(position): why for position, why in decoded.failed.items()}
        facts = {"failed": failed, "notes": decoded.notes, "content": decoded.content}
        return _decoded(self._cache.finish(target, Stored(decoded.values, index, facts)))


def _decoded(stored: Stored) -> Decoded:
    index, facts = stored.index, stored.facts
    failed = {int(position): why for position, why in facts["failed"].items()}
    return Decoded(
        stored.values, index["rows"], index["positions"], index.get("aspect"), failed, list(facts["notes"]), facts["content"]
    )
