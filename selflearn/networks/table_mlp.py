"""The default encoder of tables: every cell adds a vector of its own, and residual blocks follow."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.tables.spec import TableSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.resnets import Residual


class Cells(nn.Module):
    """(batch, columns) at the unit scale of tables, to the cells in forms that layers take.

    Returned are numbers with 0 for a missing one, whether each number is missing, and for each category its place in one
    table of vectors that all columns share: one for each code, and one for a missing cell.

    Parameters
    ----------
    spec : of the table.
    """

    first: Tensor
    missing: Tensor
    offset: Tensor

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.numbers, self.categories = list(spec.numbers), list(spec.categories)
        codes = torch.tensor([spec.columns[place].codes for place in self.categories], dtype=torch.int64)
        offset = torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(codes + 1, 0)])
        self.rows = int(offset[-1])
        self.register_buffer("offset", offset[:-1], persistent=False)
        self.register_buffer("missing", codes, persistent=False)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        numbers, categories = values[:, self.numbers], values[:, self.categories]
        gone, hidden = torch.isnan(numbers), torch.isnan(categories)
        codes = torch.where(hidden, 0.0, categories).long()
        return torch.where(gone, 0.0, numbers), gone.to(values.dtype), torch.where(hidden, self.missing, codes) + self.offset


def category_vectors(cells: Cells, width: int, deviation: float) -> nn.Embedding:
    """One vector for each code; that of a category never seen is zero until one is."""
    vectors = nn.Embedding(max(cells.rows, 1), width)
    nn.init.normal_(vectors.weight, std=deviation)
    with torch.no_grad():
        vectors.weight[cells.offset] = 0.0
    return vectors


class TableEncoder(Encoder):
    """Cells to `width`, then residual blocks of linear, batch norm, ReLU.

    A number adds its value times a vector, and another vector where it is missing; a category adds the vector of its code.

    Parameters
    ----------
    spec : a table spec.
    width : length of the embedding.
    depth : number of residual blocks.
    """

    def __init__(self, spec: TableSpec, width: int, depth: int) -> None:
        super().__init__()
        self.spec, self.dim = spec, width
        self.settings = {"width": width, "depth": depth}
        self.cells = Cells(spec)
        deviation = len(spec.columns) ** -0.5
        self.numbers = nn.Linear(len(spec.numbers), width, bias=False)
        self.missing = nn.Linear(len(spec.numbers), width, bias=False)
        nn.init.normal_(self.numbers.weight, std=deviation)
        nn.init.zeros_(self.missing.weight)
        self.vectors = category_vectors(self.cells, width, deviation) if spec.categories else None
        self.first = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU())
        self.trunk = nn.Sequential(*(Residual(_layer(width, width)) for _ in range(depth)))

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError(
                "the encoder mlp cannot hide tokens: a row is one vector; choose ft-transformer, or hide cells in a view"
            )
        numbers, missing, places = self.cells(batch.values)
        summed = self.numbers(numbers) + self.missing(missing)
        if self.vectors is not None:
            summed = summed + self.vectors(places).sum(dim=1)
        return Features(pooled=self.trunk(self.first(summed)))


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())
