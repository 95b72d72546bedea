"""Views of tables. Their unit scale is the columns as given, missing cells filled by the column's mean: encoders standardise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError, nearest
from selflearn.views import checks
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, checked_options
from selflearn.views.compose import Compose
from selflearn.views.drawn import DrawnView, uniform

if TYPE_CHECKING:
    from selflearn.data.table import TableSpec

__all__ = ["Corrupt", "Impute", "Jitter", "build", "flat", "plain"]


class Impute:
    """Cells as float32; those that are missing (NaN) or infinite become the column's mean.

    Parameters
    ----------
    mean : one number a column.
    """

    def __init__(self, mean: Sequence[float]) -> None:
        self.mean = torch.tensor(list(mean), dtype=torch.float32)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        values = batch.values.to(torch.float32)
        if values.ndim != 2 or values.shape[1] != len(self.mean):
            raise RecipeError(f"Impute: rows must be (batch, {len(self.mean)}), not {tuple(values.shape)}")
        return batch.replace(values=torch.where(values.isfinite(), values, self.mean.to(values.device)))


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
        count = max(round(self.share * columns), 1 if self.share > 0 else 0)
        places = uniform(batch, columns, generator).argsort(dim=1).argsort(dim=1)
        donor = torch.randint(samples, (samples, columns), generator=generator, device=generator.device).to(batch.device)
        return {"corrupted": places < count, "donor": donor}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The rows with their foreign cells."""
        return torch.where(changes["corrupted"], batch.values.gather(0, changes["donor"]), batch.values)


class Jitter(DrawnView):
    """Gaussian noise on every cell, in units of the column's standard deviation.

    Parameters
    ----------
    deviation : >= 0.
    std : one number a column.

    Changes
    -------
    noise : (batch, columns) what was added.
    """

    def __init__(self, deviation: float, std: Sequence[float]) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0)
        self.std = torch.tensor(list(std), dtype=torch.float32)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The noise itself."""
        noise = torch.randn(batch.values.shape, generator=generator, device=generator.device).to(batch.device)
        return {"noise": noise * (self.deviation * self.std.to(batch.device))}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy rows."""
        return batch.values + changes["noise"]


class _Noisy(ViewOptions):
    noise: Annotated[float, Field(ge=0, le=10)] = 0.05


class _Corrupted(_Noisy):
    corruption: Annotated[float, Field(ge=0, le=1)] = 0.3


def build(spec: TableSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the table.
    name : "standard", two views, each with a share `corruption` (0.3) of its columns from other rows and Gaussian `noise` (0.05
        deviations). Bahri et al. corrupt 0.6 of one view and leave the other; 0.3 of both differs in about as many columns.
        "weak": one view, noise only. "plain": the rows themselves.
    size : None; rows have no other size than their own.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    if name not in PRESETS:
        raise RecipeError(f"tables have no views {name!r}{nearest(name, PRESETS)}")
    entry = plain(spec, size)
    model, make = PRESETS[name]
    return make(spec, entry, checked_options(model, options, f"views {name!r} of tables"))


def plain(spec: TableSpec, size: int | None = None) -> View:
    """The rows themselves, with missing cells filled: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of tables have no size (got {size!r}); leave it out")
    return Impute(spec.mean)


def _standard(spec: TableSpec, entry: View, options: _Corrupted) -> list[View]:
    view = Compose([entry, Corrupt(options.corruption), Jitter(options.noise, spec.std)])
    return [view, view]


def _weak(spec: TableSpec, entry: View, options: _Noisy) -> list[View]:
    return [Compose([entry, Jitter(options.noise, spec.std)])]


def _plain(spec: TableSpec, entry: View, options: ViewOptions) -> list[View]:
    return [entry]


PRESETS: dict[str, tuple[type[Any], Callable[[TableSpec, View, Any], list[View]]]] = {
    "standard": (_Corrupted, _standard),
    "weak": (_Noisy, _weak),
    "plain": (ViewOptions, _plain),
}


def flat(spec: TableSpec, batch: Batch) -> Tensor:
    """(batch, columns) rows of a view with every column standardised, as `Table.raw` does."""
    mean, deviation = (torch.tensor(each, device=batch.device, dtype=torch.float32) for each in (spec.mean, spec.std))
    return (batch.values.float() - mean) / deviation


class _Rows(nn.Module):
    """(batch, columns) float32 -> the same, with missing cells (NaN) at their column's mean."""

    mean: Tensor

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32))

    def forward(self, values: Tensor) -> Batch:
        number = torch.zeros(values.shape[0], dtype=torch.int64)
        values = values.to(torch.float32)
        return Batch(torch.where(torch.isnan(values), self.mean, values), number, number)


def deployed(spec: TableSpec) -> nn.Module:
    """The plain view as a module that can be exported."""
    return _Rows(spec)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """The rows."""
    return {"values": batch.values}


def made_up(spec: TableSpec, samples: int, seed: int = 0) -> Batch:
    """Random rows with the columns' means and deviations."""
    values = np.random.default_rng(seed).normal(spec.mean, spec.std, (samples, len(spec.columns))).astype(np.float32)
    return Batch(torch.from_numpy(values), torch.arange(samples), torch.full((samples,), -1))
