"""The features that are compared: checked, one row a sample, with PCA made from raw input where it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import numpy as np
import torch
from torch import Tensor

from selflearn.errors import DataError
from selflearn.evaluation.parts import Part
from selflearn.evaluation.pca import Axes, leading, principal_axes
from selflearn.evaluation.scorecard import FEATURES


class Table:
    """Feature sets of the same samples.

    Parameters
    ----------
    features : name -> (n, dim). "pca" is made from "raw" if it is missing.
    notes : what is left out is written here.

    Raises
    ------
    DataError : there is no encoder, or the sets have different numbers of rows.
    """

    def __init__(self, features: Mapping[str, np.ndarray], notes: list[str]) -> None:
        if "encoder" not in features:
            raise DataError(f"a scorecard judges the features of an encoder; got only {', '.join(features) or 'nothing'}")
        counts = {name: len(values) for name, values in features.items()}
        if len(set(counts.values())) > 1:
            raise DataError(f"feature sets must have a row for every sample, got {counts}")
        self.sets: dict[str, Tensor] = {}
        for name in _ordered(list(features)):
            values = np.asarray(features[name])
            broken = int((~np.isfinite(values.reshape(len(values), -1)).all(1)).sum()) if values.size else len(values)
            if broken or not values.size:
                notes.append(f"{name}: left out, {broken} of {len(values)} rows hold NaN or infinity or nothing at all")
            else:
                self.sets[name] = tensor(values)
        self.count = len(values)
        makes_pca = "raw" in self.sets and "pca" not in features and self.count > 2 and self.sets["raw"].shape[1] > 1
        self.names = _ordered([*self.sets, "pca"] if makes_pca else list(self.sets))

    def __len__(self) -> int:
        return self.count

    def select(self, rows: np.ndarray) -> Table:
        """The same sets with these rows only."""
        other = copy(self)
        other.sets = {name: values[rows] for name, values in self.sets.items()}
        other.count = len(rows)
        return other

    def whole(self, name: str) -> Tensor:
        """(n, dim) all rows of a set."""
        if name in self.sets:
            return self.sets[name]
        return self.axes(np.arange(len(self)))(self.sets["raw"])

    def pair(self, name: str, part: Part) -> tuple[Tensor, Tensor]:
        """Train and test rows of a set; PCA's axes come from every row that is not measured."""
        if name in self.sets:
            return self.sets[name][part.train], self.sets[name][part.test]
        axes = self.axes(part.seen)
        return axes(self.sets["raw"][part.train]), axes(self.sets["raw"][part.test])

    def axes(self, rows: np.ndarray) -> Axes:
        """The principal axes of the raw input that hold 90 % of its variance (at most 256), from these rows."""
        train = self.sets["raw"][rows]
        return leading(principal_axes(train), float(train.var(0).sum()))


def tensor(values: np.ndarray) -> Tensor:
    """(n, dim) float32, one row a sample."""
    return torch.from_numpy(np.ascontiguousarray(values.reshape(len(values), -1), dtype=np.float32))


def _ordered(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: FEATURES.index(name) if name in FEATURES else len(FEATURES))
