"""CroCo: most of one view is hidden, and restored with the help of another view that is whole."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.masked.base import one_each, way_to_hide
from selflearn.methods.masked.mae import MAE
from selflearn.methods.options import Width
from selflearn.networks import CrossDecoder


class CroCo(MAE):
    """Cross-view completion (Weinzaepfel et al., 2022): what the rest of a view cannot tell, the other view can, if the encoder
    knows how the two lie to each other.

    The publication's views are two photographs of one scene. Here they are any two views of a sample, each restored with the help
    of the one after it.

    Settings
    --------
    hidden, normalised, decoder_width, decoder_heads : as in `MAE`.
    decoder_depth : blocks of the decoder, each of which looks at the other view.
    """

    default_views: ClassVar[str] = "standard"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.9
    decoder_depth: Width = 8

    def build(self) -> None:
        """Make the decoder."""
        encoder = self.encoder
        self.how = way_to_hide(encoder, "CroCo")
        out = sum(encoder.content_size())
        self.decoder = CrossDecoder(
            encoder.dim, encoder.token_grid(), self.decoder_width, self.decoder_depth, self.decoder_heads, out, encoder.token_real
        )

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode both, look from one to the other, compare."""
        if len(views) < 2:
            raise RecipeError(f"CroCo completes one view by another, it takes two views, not {len(views)}; choose views: standard")
        whole = [self.encoder(view) for view in views]
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for number, view in enumerate(views):
            other = (number + 1) % len(views)
            mask = self.mask(view, generator)
            features = self.encoder(view, mask)
            memory, real = whole[other].tokens, self.encoder.token_real(views[other])
            predictions = self.decoder(features.tokens, mask, view, memory, real)
            losses.append(self.losses(predictions, self.encoder.token_content(view), mask.hidden))
            seen.append(one_each(features))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float(), can_collapse=False)
