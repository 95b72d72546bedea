"""Encoders of tables: a residual network over standardised columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field
from torch import nn

from selflearn.data.batch import Batch
from selflearn.data.table import TableSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.resnets import Residual
from selflearn.networks.standardise import Standardise


class TableEncoder(Encoder):
    """Columns to `width`, then residual blocks of linear, batch norm, ReLU.

    Parameters
    ----------
    spec : a table spec (columns, mean, std).
    width : length of the embedding.
    depth : number of residual blocks.
    """

    def __init__(self, spec: TableSpec, width: int, depth: int) -> None:
        super().__init__()
        self.spec, self.dim = spec, width
        self.settings = {"width": width, "depth": depth}
        self.standardise = Standardise(spec.mean, spec.std, axes=0)
        first = _layer(len(spec.columns), width)
        self.trunk = nn.Sequential(first, *(Residual(_layer(width, width)) for _ in range(depth)))

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder mlp cannot hide tokens: a row is one vector; corrupt its values in a view instead")
        return Features(pooled=self.trunk(self.standardise(batch.values)))


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())


def table_mlp(
    spec: TableSpec, *, width: Annotated[int, Field(ge=1, le=8192)] = 256, depth: Annotated[int, Field(ge=0, le=64)] = 2
) -> Encoder:
    """A residual multi-layer perceptron.

    Parameters
    ----------
    spec : a table spec.
    width : length of the embedding and of every layer.
    depth : residual blocks after the first layer.
    """
    return TableEncoder(spec, width, depth)


ENCODERS: dict[str, Callable[..., Encoder]] = {"mlp": table_mlp}


def default(spec: TableSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """There is one, for any machine."""
    return "mlp"
