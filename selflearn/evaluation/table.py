"""The features that are compared: checked, one row a sample, with PCA made from raw input where it is missing."""

from __future__ import annotations

from collections.abc import Mapping

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
    rows : (m,) the samples that are measured; the others are not even copied.
    notes : what is left out is written here.
    """

    def __init__(self, features: Mapping[str, np.ndarray], rows: np.ndarray, notes: list[str]) -> None:
        self.rows = rows
        self.sets: dict[str, Tensor] = {}
        for name in _ordered(list(features)):
            values = tensor(np.asarray(features[name])[rows])
            broken = int((~torch.isfinite(values).all(1)).sum())
            if broken:
                notes.append(f"{name}: left out, {broken} of {len(rows)} rows hold NaN or infinity")
            else:
                self.sets[name] = values
        makes_pca = "raw" in self.sets and "pca" not in features and len(rows) > 2 and self.sets["raw"].shape[1] > 1
        self.names = _ordered([*self.sets, "pca"] if makes_pca else list(self.sets))

    def __len__(self) -> int:
        return len(self.rows)

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


def count_rows(features: Mapping[str, np.ndarray]) -> int:
    """How many samples the sets have; `DataError` if there is no encoder, no sample, or the sets do not agree."""
    if "encoder" not in features:
        raise DataError(f"a scorecard judges the features of an encoder; got only {', '.join(features) or 'nothing'}")
    counts = {name: len(values) for name, values in features.items()}
    if len(set(counts.values())) > 1:
        raise DataError(f"feature sets must have a row for every sample, got {counts}")
    if not counts["encoder"]:
        raise DataError("there is nothing to measure: the features have no rows")
    return counts["encoder"]
