"""GraphMAE: hidden tokens are restored up to their length, and the easy ones count for little."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.masked.restoring import Restoring
from selflearn.methods.options import Share
from selflearn.networks import TokenMask, borrow
from selflearn.objectives import masked_cosine


class GraphMAE(Restoring):
    """The direction of what was hidden is restored, not its size (Hou et al., 2022); the decoder of graphs hides it a second time.

    Settings
    --------
    sharpness : power of the cosine error, >= 1; above 1, tokens that are nearly right count for less. Gamma of the publication.
    borrowed : share of the hidden tokens that show what another token is in place of the mask token, where the encoder can.
    """

    sharpness: Annotated[float, Ge(1)] = 3.0
    borrowed: Share = 0.05

    def mask(self, view: Batch, generator: torch.Generator) -> TokenMask:
        """Some of the hidden tokens borrow."""
        mask = super().mask(view, generator)
        if self.borrowed > 0 and mask.how == "replace" and "mask-borrow" in self.encoder.capabilities:
            mask.borrowed = borrow(mask.hidden, self.encoder.token_real(view), self.borrowed, generator)
        return mask

    def compare(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
        """Scaled cosine error."""
        return masked_cosine(predictions, values, hidden, self.sharpness)
