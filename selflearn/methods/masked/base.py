"""The masked family: tokens are hidden, the rest is encoded, a decoder says what was hidden. A method writes `losses`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.networks import TokenDecoder, TokenMask, random_mask

Width = Annotated[int, Gt(0)]


class Masked(Method):
    """Base of masked modelling with a decoder: write `losses`.

    Settings
    --------
    hidden : share of the tokens that the encoder does not see, strictly between 0 and 1.
    decoder_width, decoder_depth, decoder_heads : of the decoder, which is thrown away after training.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-drop"})
    default_views: ClassVar[str] = "weak"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.75
    decoder_width: Width = 512
    decoder_depth: Width = 8
    decoder_heads: Width = 16

    def build(self) -> None:
        """Make the decoder."""
        if self.decoder_width % self.decoder_heads:
            raise RecipeError(f"decoder_width = {self.decoder_width} must be a multiple of decoder_heads = {self.decoder_heads}")
        self.decoder = TokenDecoder(
            self.encoder.dim,
            self.encoder.token_grid(),
            self.decoder_width,
            self.decoder_depth,
            self.decoder_heads,
            self.encoder.token_length(),
        )

    @abstractmethod
    def losses(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Losses:
        """Named scalars to minimise.

        Parameters
        ----------
        predictions : (batch, tokens, values) what the decoder says of every token.
        values : (batch, tokens, values) what the tokens are, standardised.
        hidden : (batch, tokens) bool, True where the encoder did not see the token.
        """

    def draw(self, samples: int, generator: torch.Generator) -> Tensor:
        """(samples, tokens) bool, True where hidden; the same number in each row. Here: any subset, uniformly."""
        return random_mask(samples, self.encoder.token_grid(), self.hidden, generator)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, decode, compare."""
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for view in views:
            mask = TokenMask(self.draw(len(view), generator), how="drop")
            features = self.encoder(view, mask)
            losses.append(self.losses(self.decoder(features.tokens, mask), self.encoder.token_values(view), mask.hidden))
            seen.append(_one_each(cast(Tensor, features.tokens)))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float(), can_collapse=False)


def _one_each(tokens: Tensor) -> Tensor:
    """(batch, dim) one visible token of each sample, from places all over: what the decoder reads, so what must not collapse.

    Pooled features would not do: in a healthy masked encoder they differ little beside what all samples have in common.
    """
    rows = torch.arange(len(tokens), device=tokens.device)
    return tokens[rows, rows % tokens.shape[1]]
