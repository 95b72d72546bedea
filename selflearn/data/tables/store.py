"""The dataset of a table: rows as stored, as vectors for the dull baselines, as bars and as words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.tables.drawing import draw_row
from selflearn.data.tables.scales import Scale
from selflearn.data.tables.spec import TableSpec

FEATURES = 4096
"""Most numbers of `raw`: of wider tables, columns are added up, each with a sign drawn once (feature hashing)."""
WORDS = 200


class Table(Dataset):
    """Rows of numbers and categories.

    Parameters
    ----------
    spec, facts : see `Dataset`.
    values : (rows, columns) float32: numbers as they were read, codes of categories, NaN where a cell is missing.
    """

    raw_is: ClassVar[str] = "the columns themselves: standardised numbers, categories one by one, and marks of missing cells"
    spec: TableSpec

    def __init__(self, spec: TableSpec, facts: Facts, values: np.ndarray) -> None:
        self.spec, self.facts, self.values = spec, facts, np.ascontiguousarray(values)
        content = f"{values.shape} {spec.model_dump_json()}".encode() + self.values.tobytes() + facts.labels.tobytes()
        self.fingerprint = hashlib.blake2b(content, digest_size=16).hexdigest()
        self._scale = Scale(spec)

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Rows as they were read: values (batch, columns) float32."""
        rows = np.asarray(indices, dtype=np.int64)
        groups = None if self.facts.groups is None else torch.from_numpy(self.facts.groups[rows])
        return Batch(
            torch.from_numpy(self.values[rows]),
            torch.from_numpy(rows.copy()),
            torch.from_numpy(self.facts.labels[rows]),
            groups=groups,
        )

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32: numbers on their scales, missing ones at their mean and marked; categories one by one."""
        scaled = self._scale(torch.from_numpy(self.values[np.asarray(indices, dtype=np.int64)]))
        return flatten(self.spec, scaled).numpy()

    def picture(self, index: int, size: int = 64) -> Image.Image:
        """A strip of bars, one a column."""
        scaled = self._scale(torch.from_numpy(self.values[[index]]))[0].numpy()
        return draw_row(scaled, tuple(column.codes for column in self.spec.columns), size)

    def words(self, index: int) -> str:
        """E.g. "age 39, workclass State-gov, education Bachelors"."""
        return tell_row(self.spec, self.values[index])

    def all_alike(self) -> bool:
        """Whether every row equals the first; two missing cells are equal."""
        first = self.values[:1]
        same = (self.values == first) | (np.isnan(self.values) & np.isnan(first))
        return bool(same.all())


def flatten(spec: TableSpec, scaled: Tensor) -> Tensor:
    """(rows, columns) at the unit scale to (rows, features), as `Table.raw` gives them.

    Numbers, with 0 for a missing one; then a mark for each number that was ever missing; then one feature for each code of
    each category (of two categories without others, one for both).
    """
    numbers = list(spec.numbers)
    gone = torch.isnan(scaled)
    parts = [torch.where(gone, 0.0, scaled)[:, numbers]]
    marked = [place for place in numbers if spec.columns[place].gaps > 0]
    parts.append(gone[:, marked].to(scaled.dtype))
    for place in spec.categories:
        column = spec.columns[place]
        codes = torch.where(gone[:, place], column.codes, scaled[:, place]).long()
        single = torch.nn.functional.one_hot(codes, column.codes + 1).to(scaled.dtype)
        both = len(column.categories) == 2 and not column.gaps and not column.rare
        parts.append(single[:, 2:3] if both else single[:, 0 if column.rare else 1 :])
    whole = torch.cat(parts, dim=1)
    return whole if whole.shape[1] <= FEATURES else _hashed(whole)


def _hashed(whole: Tensor) -> Tensor:
    """Features added up into `FEATURES` sums, each with a sign of its own: distances are kept on average."""
    generator = torch.Generator().manual_seed(0)
    place = torch.randint(FEATURES, (whole.shape[1],), generator=generator).to(whole.device)
    sign = (torch.randint(2, (whole.shape[1],), generator=generator) * 2 - 1).to(whole)
    return torch.zeros(len(whole), FEATURES, dtype=whole.dtype, device=whole.device).index_add_(1, place, whole * sign)


def tell_row(spec: TableSpec, values: np.ndarray) -> str:
    """A row, as stored, told column by column; missing cells are left out."""
    told: list[str] = []
    for column, value in zip(spec.columns, values, strict=True):
        if np.isnan(value) or column.part not in (None, "days"):
            continue
        if column.part == "days":
            said = str(date(1970, 1, 1) + timedelta(days=float(value)))
        elif column.is_number:
            said = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        else:
            said = column.categories[int(value) - 1] if value > 0 else "another"
        told.append(f"{column.source} {said}")
        if sum(map(len, told)) > WORDS:
            break
    whole = ", ".join(told)
    return whole if len(whole) <= WORDS else whole[: WORDS - 4].rsplit(",", 1)[0] + ", ..."
