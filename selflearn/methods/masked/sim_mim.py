"""SimMIM: hidden tokens are replaced, a linear layer restores them, and nothing else is needed."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.masked.restoring import Restoring
from selflearn.methods.options import Width
from selflearn.networks import coarse_mask, span_mask_of
from selflearn.objectives import altered_reconstruction


class SimMIM(Restoring):
    """Raw numbers of hidden tokens are told by one layer, and compared by size (Xie et al., 2022); classes by cross-entropy.

    Settings
    --------
    unit : side of what is hidden at once, in tokens: squares of a grid, spans of a row.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace"})

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.6
    unit: Width = 1
    decoder_depth: Annotated[int, Ge(0)] = 0

    def build(self) -> None:
        """Tokens are replaced, whatever the decoder."""
        super().build()
        self.how = "replace"

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Whole units, uniformly."""
        if self.unit == 1:
            return super().draw(view, generator)
        grid, real = self.encoder.token_grid(), self.encoder.token_real(view)
        if len(grid) == 2 and real.shape[1] == math.prod(grid):
            return coarse_mask(len(view), grid, self.unit, self.hidden, generator).to(view.device)
        return span_mask_of(real, self.hidden, self.unit, generator)

    def compare(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
        """The mean size of errors."""
        return altered_reconstruction(predictions, values, hidden[..., None].expand_as(values))
