"""Views of tables. Their unit scale: numbers at mean 0 and deviation 1, categories as codes, NaN where a cell is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.tables.scales import Scale
from selflearn.data.tables.store import flatten
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, preset
from selflearn.views.compose import Compose
from selflearn.views.table.changes import Corrupt, Hide, Jitter, Plain

if TYPE_CHECKING:
    from PIL.Image import Image

    from selflearn.data.tables import TableSpec

__all__ = ["Corrupt", "Hide", "Jitter", "Plain", "build", "deploy_inputs", "deployed", "draw", "flat", "made_up", "plain"]

Share = Annotated[float, Field(ge=0, le=1)]


class _Noisy(ViewOptions):
    noise: Annotated[float, Field(ge=0, le=10)] = 0.05


class _Corrupted(_Noisy):
    corruption: Share = 0.3
    hidden: Share = 0.0


class _Scarf(_Noisy):
    corruption: Share = 0.6
    noise: Annotated[float, Field(ge=0, le=10)] = 0.0


class _Subsets(_Noisy):
    views: Annotated[int, Field(ge=2, le=16)] = 2
    kept: Share = 0.5


class _Multicrop(_Corrupted):
    crops: Annotated[int, Field(ge=0, le=32)] = 4
    local: Annotated[float, Field(gt=0, le=1)] = 0.4


def build(spec: TableSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the table.
    name : "standard": two views, each with a share `corruption` (0.3) of its columns from other rows, a share `hidden` (0) of
        missing cells, and Gaussian `noise` (0.05 deviations) on numbers.
        "scarf": the row itself and one with 0.6 of its columns corrupted, as Bahri et al. (2022) have it; 0.3 of both views
        differs in about as many columns.
        "subsets": `views` (2) rows, of each of which only a share `kept` (0.5) of the columns is left, as in SubTab.
        "multicrop": the standard ones, and `crops` (4) local ones that keep a share `local` (0.4) of the columns.
        "weak": one view, noise only. "plain": the rows themselves.
    size : None; rows have no other size than their own.
    options : settings of these views.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    entry = plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "tables")
    return make(spec, entry, chosen)


def plain(spec: TableSpec, size: int | None = None) -> View:
    """The rows themselves at their unit scale: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of tables have no size (got {size!r}); leave it out")
    return Plain(spec)


def _jitter(spec: TableSpec, deviation: float) -> list[View]:
    return [Jitter(deviation, [column.is_number for column in spec.columns])] if deviation > 0 else []


def _changed(spec: TableSpec, entry: View, options: _Corrupted) -> View:
    changes: list[View] = [Corrupt(options.corruption)] if options.corruption > 0 else []
    changes += [Hide(options.hidden)] if options.hidden > 0 else []
    return Compose([entry, *changes, *_jitter(spec, options.noise)])


def _standard(spec: TableSpec, entry: View, options: _Corrupted) -> list[View]:
    view = _changed(spec, entry, options)
    return [view, view]


def _scarf(spec: TableSpec, entry: View, options: _Scarf) -> list[View]:
    jitter = _jitter(spec, options.noise)
    return [Compose([entry, *jitter]), Compose([entry, Corrupt(options.corruption), *jitter])]


def _subsets(spec: TableSpec, entry: View, options: _Subsets) -> list[View]:
    return [Compose([entry, Hide(1 - options.kept), *_jitter(spec, options.noise)])] * options.views


def _multicrop(spec: TableSpec, entry: View, options: _Multicrop) -> list[View]:
    local = Compose([entry, Hide(1 - options.local), *_jitter(spec, options.noise)], scope="local")
    return [*_standard(spec, entry, options), *([local] * options.crops)]


def _weak(spec: TableSpec, entry: View, options: _Noisy) -> list[View]:
    return [Compose([entry, *_jitter(spec, options.noise)])]


def _plain(spec: TableSpec, entry: View, options: ViewOptions) -> list[View]:
    return [entry]


PRESETS: dict[str, tuple[type[Any], Callable[[TableSpec, View, Any], list[View]]]] = {
    "standard": (_Corrupted, _standard),
    "scarf": (_Scarf, _scarf),
    "subsets": (_Subsets, _subsets),
    "multicrop": (_Multicrop, _multicrop),
    "weak": (_Noisy, _weak),
    "plain": (ViewOptions, _plain),
}


def flat(spec: TableSpec, batch: Batch) -> Tensor:
    """(batch, features) a view as vectors, as `Table.raw` gives rows."""
    return flatten(spec, batch.values.float())


def draw(spec: TableSpec, batch: Batch) -> list[Image]:
    """Each row of a view as bars."""
    from selflearn.data.tables.drawing import draw_row

    codes = tuple(column.codes for column in spec.columns)
    return [draw_row(row, codes, 96) for row in batch.values.float().cpu().numpy()]


class _Rows(nn.Module):
    """(batch, columns) float32 as stored -> a batch at the unit scale."""

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.scale = Scale(spec)

    def forward(self, values: Tensor) -> Batch:
        number = torch.zeros(values.shape[0], dtype=torch.int64)
        return Batch(self.scale(values), number, number)


def deployed(spec: TableSpec) -> nn.Module:
    """The plain view as a module that can be exported: numbers as they are and codes of categories in, NaN where missing."""
    return _Rows(spec)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """The rows."""
    return {"values": batch.values}


def made_up(spec: TableSpec, samples: int, seed: int = 0) -> Batch:
    """Random rows: numbers over the range of their knots, categories alike, a tenth missing where any ever were."""
    draw = np.random.default_rng(seed)
    columns = []
    for column in spec.columns:
        values = (
            draw.uniform(column.knots[0], column.knots[-1], samples)
            if column.is_number
            else draw.integers(column.codes, size=samples)
        )
        columns.append(np.where((draw.random(samples) < 0.1) & (column.gaps > 0), np.nan, values))
    rows = torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))
    return Batch(rows, torch.arange(samples), torch.full((samples,), -1))
