"""The masked family: tokens are hidden, the rest is encoded, and what was hidden must be told. A method writes `losses`."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.options import Width
from selflearn.networks import (
    Encoder,
    Features,
    LinearDecoder,
    TokenContent,
    TokenDecoder,
    TokenMask,
    block_mask,
    random_mask,
    random_mask_of,
    span_mask_of,
)

WAYS = ("drop", "replace")


class Masked(Method):
    """Base of masked modelling with a decoder: write `losses`.

    Hidden tokens are left out of the encoder's sequence where the encoder can do that, and replaced by a learned token where not.

    Settings
    --------
    hidden : share of the tokens that the encoder does not see, strictly between 0 and 1.
    decoder_width, decoder_depth, decoder_heads : of the decoder, which is thrown away after training. A depth of 0 is a linear
        layer on each token; hidden tokens are then replaced, for a dropped one could not be told.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens"})
    default_views: ClassVar[str] = "weak"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.75
    decoder_width: Width = 512
    decoder_depth: Annotated[int, Ge(0)] = 8
    decoder_heads: Width = 16

    def build(self) -> None:
        """Make the decoder."""
        if self.decoder_width % self.decoder_heads:
            raise RecipeError(f"decoder_width = {self.decoder_width} must be a multiple of decoder_heads = {self.decoder_heads}")
        self.how = way_to_hide(self.encoder, type(self).__name__, WAYS if self.decoder_depth else ("replace",))
        if self.decoder_depth:
            self.decoder = self.encoder.decoder(self.decoder_width, self.decoder_depth, self.decoder_heads)
        else:
            self.decoder = LinearDecoder(self.encoder.dim, sum(self.encoder.content_size()))

    @abstractmethod
    def losses(self, predictions: Tensor, content: TokenContent, hidden: Tensor) -> Losses:
        """Named scalars to minimise.

        Parameters
        ----------
        predictions : (batch, tokens, numbers + classes) what the decoder says of every token.
        content : what the tokens are.
        hidden : (batch, tokens) bool, True where the encoder did not see the token.
        """

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """(batch, tokens) bool, True where hidden. Here: any subset of each sample's tokens, uniformly."""
        return hide(self.encoder, view, self.how, self.hidden, generator)

    def mask(self, view: Batch, generator: torch.Generator) -> TokenMask:
        """What the encoder is told to hide, and how."""
        return TokenMask(self.draw(view, generator), how=self.how)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, decode, compare."""
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for view in views:
            mask = self.mask(view, generator)
            features = self.encoder(view, mask)
            predictions = self.decoder(features.tokens, mask, view)
            losses.append(self.losses(predictions, self.encoder.token_content(view), mask.hidden))
            seen.append(one_each(features))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float(), can_collapse=False)


def token_decoder(encoder: Encoder, width: int, depth: int, heads: int, out: int) -> nn.Module:
    """What tells `out` numbers of every token, whatever the kind of data: a transformer, or one linear layer where depth is 0."""
    if depth == 0:
        return LinearDecoder(encoder.dim, out)
    return TokenDecoder(encoder.dim, encoder.token_grid(), width, depth, heads, out, encoder.token_real)


def way_to_hide(encoder: Encoder, method: str, ways: Sequence[str] = WAYS) -> str:
    """How this encoder hides tokens: "drop" where it can, for that is cheaper and closer to what it will see; else "replace"."""
    able = [way for way in ways if f"mask-{way}" in encoder.capabilities]
    if not able:
        wanted = " or ".join(f"mask-{way}" for way in ways)
        raise RecipeError(f"{method} needs an encoder that can hide tokens ({wanted}); {encoder.settings.get('name')} cannot")
    return able[0]


def hide(encoder: Encoder, view: Batch, how: str, share: float, generator: torch.Generator) -> Tensor:
    """(batch, tokens) bool, a share of each sample's real tokens; the same number in each row where they are dropped."""
    if how == "drop":
        return random_mask(len(view), encoder.token_grid(), share, generator).to(view.device)
    return random_mask_of(encoder.token_real(view), share, generator)


def hide_groups(encoder: Encoder, view: Batch, how: str, share: float, span: int, generator: torch.Generator) -> Tensor:
    """(batch, tokens) bool, tokens hidden together that lie together: rectangles of a grid, spans of a row.

    Rectangles (and spans, where tokens are dropped) hide the share exactly; spans of rows that differ in length may overlap.
    `span` is the side of a rectangle that is no longer than wide, or the length of a span, in tokens.
    """
    grid, real = encoder.token_grid(), encoder.token_real(view)
    if how == "drop" or (len(grid) == 2 and real.shape[1] == math.prod(grid)):
        groups = max(1, round(share * math.prod(grid) / span ** len(grid)))
        return block_mask(len(view), grid, share, generator, groups).to(view.device)
    return span_mask_of(real, share, span, generator)


def one_each(features: Features) -> Tensor:
    """(batch, dim) one token of each sample, from places all over: what the decoder reads, so what must not collapse.

    Pooled features would not do: in a healthy masked encoder they differ little beside what all samples have in common. The
    tokens of a single row (the nodes of one graph) stand for samples themselves.
    """
    tokens = cast(Tensor, features.tokens)
    if len(tokens) == 1:
        return tokens[0] if features.mask is None else tokens[0][features.mask[0]]
    rows = torch.arange(len(tokens), device=tokens.device)
    real = features.mask.sum(dim=1).clamp(min=1) if features.mask is not None else tokens.shape[1]
    return tokens[rows, rows % real]
