"""What can be done to rows: foreign cells, hidden cells, noise. A category is swapped or hidden, never blurred."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.tables.scales import Scale
from selflearn.data.tables.spec import TableSpec
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, uniform


class Plain:
    """Rows at the unit scale of tables: see `selflearn.data.tables.scales.Scale`. Nothing is drawn.

    Parameters
    ----------
    spec : of the table.
    """

    def __init__(self, spec: TableSpec) -> None:
        self.scale, self.columns = Scale(spec), len(spec.columns)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        if batch.values.ndim != 2 or batch.values.shape[1] != self.columns:
            raise RecipeError(f"Plain: rows must be (batch, {self.columns}), not {tuple(batch.values.shape)}")
        self.scale.to(batch.device)
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            return batch.replace(values=self.scale(batch.values))


class Corrupt(DrawnView):
    """Some cells of each row get the value that the same column has in another row.

    Source: Bahri et al., "SCARF: Self-Supervised Contrastive Learning using Random Feature Corruption", 2022. Every cell's donor is
    drawn on its own from the batch, so a column keeps its distribution and loses its relation to the others.

    Parameters
    ----------
    share : in [0, 1], of the columns that are corrupted in each row, rounded to whole columns, at least one if above 0.

    Changes
    -------
    corrupted : (batch, columns) bool.
    donor : (batch, columns) int64, the row each corrupted cell's value comes from.
    """

    def __init__(self, share: float = 0.6) -> None:
        self.share = checks.probability(self, "share", share)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which cells, and from which rows."""
        samples, columns = batch.values.shape
        donor = torch.randint(samples, (samples, columns), generator=generator, device=generator.device).to(batch.device)
        return {"corrupted": some_columns(batch, self.share, generator), "donor": donor}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The rows with their foreign cells."""
        return torch.where(changes["corrupted"], batch.values.gather(0, changes["donor"]), batch.values)


class Hide(DrawnView):
    """Some cells of each row go missing, as if nobody had filled them in.

    With a large share, what is left is a subset of the columns (Ucar et al., "SubTab: Subsetting Features of Tabular Data for
    Self-Supervised Representation Learning", 2021, with subsets drawn anew for each row).

    Parameters
    ----------
    share : in [0, 1], of the columns that are hidden in each row, rounded; at least one if above 0, and never all of them.

    Changes
    -------
    hidden : (batch, columns) bool.
    """

    def __init__(self, share: float) -> None:
        self.share = checks.probability(self, "share", share)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which cells."""
        return {"hidden": some_columns(batch, self.share, generator, most=batch.values.shape[1] - 1)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The rows with missing cells."""
        return batch.values.masked_fill(changes["hidden"], torch.nan)


class Jitter(DrawnView):
    """Gaussian noise on every number, in units of its column's deviation. Categories stay, and so do missing cells.

    Parameters
    ----------
    deviation : >= 0.
    numeric : for each column whether it holds numbers.

    Changes
    -------
    noise : (batch, columns) what was added; 0 for categories.
    """

    def __init__(self, deviation: float, numeric: Sequence[bool]) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0)
        self.numeric = torch.tensor(list(numeric))

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The noise itself."""
        noise = torch.randn(batch.values.shape, generator=generator, device=generator.device).to(batch.device)
        return {"noise": noise * (self.deviation * self.numeric.to(noise))}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy rows."""
        return batch.values + changes["noise"]


def some_columns(batch: Batch, share: float, generator: torch.Generator, most: int | None = None) -> Tensor:
    """(batch, columns) bool: of each row the same number of columns, any of them alike."""
    columns = batch.values.shape[1]
    count = min(max(round(share * columns), 1 if share > 0 else 0), columns if most is None else most)
    first = uniform(batch, columns, generator).argsort(dim=1)[:, :count]
    return torch.zeros(len(batch), columns, dtype=torch.bool, device=batch.device).scatter_(1, first, True)
