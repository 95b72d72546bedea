"""Autoencoding: the whole of a sample is restored from the one vector that an encoder makes of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Gt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Method, Outcome
from selflearn.networks import TokenMask
from selflearn.objectives import masked_reconstruction
from selflearn.ranks import rank_mean, rank_weight


class Autoencoder(Method):
    """A narrow vector must tell the whole sample: nothing is hidden, the bottleneck is the task.

    With one table that encodes and decodes, the best there is are the leading principal directions (Baldi and Hornik, Neural
    networks and principal component analysis: Learning from examples without local minima, 1989), directions of more variance
    weighing more.

    Settings
    --------
    decoder_width, decoder_depth, decoder_heads : of the decoder, for encoders whose decoder has such.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"restorable"})
    default_views: ClassVar[str] = "plain"

    decoder_width: Annotated[int, Gt(0)] = 64
    decoder_depth: Annotated[int, Gt(0)] = 1
    decoder_heads: Annotated[int, Gt(0)] = 4

    def build(self) -> None:
        """Make the decoder."""
        self.decoder = self.encoder.decoder(self.decoder_width, self.decoder_depth, self.decoder_heads)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, decode, compare: squared error, as a share of what there was."""
        losses, seen = list[Tensor](), list[Tensor]()
        for view in views:
            tokens = cast(Tensor, self.encoder(view).tokens)
            content = cast(Tensor, self.encoder.token_content(view).values)
            everything = torch.ones(content.shape[:2], dtype=torch.bool, device=content.device)
            error = masked_reconstruction(self.decoder(tokens, TokenMask(everything, "replace"), view), content, everything)
            weight = rank_weight(everything.sum())
            there = rank_mean(content.float().square().mean() * weight)
            losses.append(error * weight / there.clamp(min=1e-12))
            seen.append(tokens[:, 0])
        return Outcome({"reconstruction": torch.stack(losses).mean()}, seen[0].detach().float(), can_collapse=False)
