"""The scale of a column of numbers: a rising line through a few knots, fitted once, applied by arithmetic that ONNX carries."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor, nn

from selflearn.data.tables.spec import Column, TableSpec

KNOTS = 33
"""Of a column that is brought near to a normal distribution: every third of a percent at the ends, three percent in the middle."""
HEAVY = 1.0
"""Skewness, and a twelfth of the excess kurtosis, from which a column counts as heavy-tailed; an exponential one has 2 and 0.5."""
FARTHEST = 10.0
"""Scaled values are held within this: a cell mistyped by some zeros must not drown all others."""


def fit_scale(values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots and levels for the values of one column.

    Values that are nearly normal, and those of few kinds, are only standardised: mean to 0, deviation to 1. Where tails are
    heavy, quantiles are brought to those of a normal distribution, and the line between is standardised in turn.

    Parameters
    ----------
    values : (n,) float64, finite, at least two different ones.
    """
    mean, std = float(values.mean()), float(values.std())
    unit = (values - mean) / std
    skewness, kurtosis = float((unit**3).mean()), float((unit**4).mean()) - 3
    if abs(skewness) < HEAVY and kurtosis / 12 < HEAVY:
        return _line(mean, std)
    knots, levels = _quantiles(values)
    if len(knots) < 3:
        return _line(mean, std)
    scaled = np.interp(values, knots, levels)
    levels = (levels - scaled.mean()) / scaled.std()
    return tuple(map(float, knots)), tuple(map(float, levels))


def _line(mean: float, std: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return (mean - std, mean + std), (-1.0, 1.0)


def _quantiles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different quantiles, and the normal quantile of the middle of the ranks that share each."""
    normal = NormalDist()
    grid = np.array([normal.cdf(each) for each in np.linspace(-2.75, 2.75, KNOTS)])
    knots = np.unique(np.concatenate([[values.min()], np.quantile(values, grid, method="inverted_cdf"), [values.max()]]))
    below = np.searchsorted(np.sort(values), knots, side="left")
    upto = np.searchsorted(np.sort(values), knots, side="right")
    ranks = (below + upto) / (2 * len(values))
    levels = np.array([normal.inv_cdf(min(max(each, 0.0005), 0.9995)) for each in ranks])
    apart = np.concatenate([[True], np.diff(levels) > 1e-9])
    return knots[apart], levels[apart]


class Scale(nn.Module):
    """(rows, columns) cells as stored to the unit scale of tables, in float32.

    Numbers come to mean 0 and deviation 1, held within ten deviations; codes of categories stay; a missing cell (NaN or
    infinite) is NaN, and stays so: encoders are to see that it is missing.

    Parameters
    ----------
    spec : of the table.
    """

    numeric: Tensor
    low: Tensor
    level: Tensor
    slope: Tensor

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        columns = spec.columns
        self.register_buffer("numeric", torch.tensor([column.is_number for column in columns]))
        ends = [_ends(column) for column in columns]
        self.register_buffer("low", torch.tensor([each[0] for each in ends], dtype=torch.float32))
        self.register_buffer("level", torch.tensor([each[1] for each in ends], dtype=torch.float32))
        self.register_buffer("slope", torch.tensor([each[2] for each in ends], dtype=torch.float32))
        self.bent = [place for place, column in enumerate(columns) if len(column.knots) > 2]
        self.ramps = _Ramps([columns[place] for place in self.bent]) if self.bent else None

    def forward(self, values: Tensor) -> Tensor:
        cells = values.to(torch.float32)
        cells = torch.where(torch.isfinite(cells), cells, torch.nan)
        scaled = self.level + (cells - self.low) * self.slope
        if self.ramps is not None:
            scaled = scaled.index_copy(1, torch.tensor(self.bent, device=cells.device), self.ramps(cells[:, self.bent]))
        # clamp keeps NaN in torch; ONNX's Clip does not everywhere, so missing cells are put back in.
        held = torch.where(torch.isnan(cells), torch.nan, scaled.clamp(-FARTHEST, FARTHEST))
        return torch.where(self.numeric, held, cells)


def _ends(column: Column) -> tuple[float, float, float]:
    """The first knot, its level, and the slope from there to the last."""
    if not column.is_number:
        return 0.0, 0.0, 1.0
    knots, levels = column.knots, column.levels
    return knots[0], levels[0], (levels[-1] - levels[0]) / (knots[-1] - knots[0])


class _Ramps(nn.Module):
    """Lines through many knots, as a sum over pieces of how far a value is along each; held at the ends."""

    start: Tensor
    width: Tensor
    rise: Tensor
    base: Tensor

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        pieces = max(len(column.knots) for column in columns) - 1
        start, width, rise = (np.zeros((pieces, len(columns))) for _ in range(3))
        width[:] = 1.0
        for place, column in enumerate(columns):
            knots, levels = np.array(column.knots), np.array(column.levels)
            count = len(knots) - 1
            start[:count, place], width[:count, place], rise[:count, place] = knots[:-1], np.diff(knots), np.diff(levels)
        for name, array in (("start", start), ("width", width), ("rise", rise)):
            self.register_buffer(name, torch.tensor(array, dtype=torch.float32))
        self.register_buffer("base", torch.tensor([column.levels[0] for column in columns], dtype=torch.float32))

    def forward(self, cells: Tensor) -> Tensor:
        along = (cells[:, None, :] - self.start) / self.width
        return self.base + (along.clamp(0, 1) * self.rise).sum(dim=1)
