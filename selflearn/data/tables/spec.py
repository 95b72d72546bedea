"""What must be known of a table to read another one alike: each column's type, and its scale or its categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from selflearn.data.spec import Spec

OTHER = 0
"""The code of a category that is rare, or was never seen; known ones are numbered from 1."""


class Column(BaseModel):
    """One column as views and encoders see it.

    Attributes
    ----------
    name : unique; a date gives several columns, such as "sold, month".
    source : the name of the column it was read from; `part` says which part of a date it is.
    knots, levels : of a number: at these values its scaled value is this, and between them it lies on a straight line. Two knots
        are a linear scale, which goes on beyond them; more bring a column with heavy tails near to a normal distribution, and
        what lies beyond them is held at the ends.
    categories : of a category: the values known, the more frequent first; code ``1 + position``. Empty for a number.
    gaps : share of the cells that were missing, in [0, 1].
    rare : share of the cells whose category is one of the rare ones, in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    source: str
    part: str | None = None
    knots: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    gaps: float = 0.0
    rare: float = 0.0

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers; else categories."""
        return bool(self.knots)

    @property
    def codes(self) -> int:
        """How many codes a category has, `OTHER` included; 0 for a number."""
        return 0 if self.is_number else len(self.categories) + 1

    @model_validator(mode="after")
    def _agree(self) -> Column:
        if bool(self.knots) == bool(self.categories):
            raise ValueError(f"column {self.name!r} needs either knots or categories")
        if self.knots:
            rising = all(one < two for one, two in zip(self.knots, self.knots[1:], strict=False))
            if len(self.knots) < 2 or len(self.knots) != len(self.levels) or not rising:
                raise ValueError(f"column {self.name!r} needs at least two rising knots, and a level for each")
        return self


class TableSpec(Spec):
    """The columns of a table.

    Attributes
    ----------
    columns : those that are used, in order.
    order : the names of all columns of the table it was read from, so that an array's columns can be told by their place.
    label, group : the columns that held labels and groups, if any; never among `columns`.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    label: str | None = None
    group: str | None = None

    @model_validator(mode="after")
    def _usable(self) -> TableSpec:
        if not self.columns:
            raise ValueError("a table needs at least one column")
        if len({column.name for column in self.columns}) < len(self.columns):
            raise ValueError("the columns of a table need different names")
        return self

    @classmethod
    def of_numbers(cls, names: Sequence[str], mean: Sequence[float], std: Sequence[float]) -> TableSpec:
        """A spec of numbers on linear scales: `mean` becomes 0 and `mean + std` 1."""
        columns = tuple(
            Column(name=name, source=name, knots=(centre - spread, centre + spread), levels=(-1.0, 1.0))
            for name, centre, spread in zip(names, mean, std, strict=True)
        )
        return cls(columns=columns, order=tuple(names))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Positions of the columns of numbers."""
        return tuple(place for place, column in enumerate(self.columns) if column.is_number)

    @property
    def categories(self) -> tuple[int, ...]:
        """Positions of the columns of categories."""
        return tuple(place for place, column in enumerate(self.columns) if not column.is_number)

    def describe(self) -> str:
        """E.g. "14 columns: 6 of numbers, 8 of categories"."""
        numbers, all_of_them = len(self.numbers), len(self.columns)
        word = f"{all_of_them:,} column{'s' if all_of_them != 1 else ''}"
        if numbers in (0, all_of_them):
            return f"{word} of {'numbers' if numbers else 'categories'}"
        return f"{word}: {numbers:,} of numbers, {all_of_them - numbers:,} of categories"
