"""BEiT: hidden tokens are told by the name that a tokeniser gave them, so that no detail of theirs has to be restored."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses
from selflearn.methods.masked.base import Masked, hide_groups, token_decoder
from selflearn.methods.masked.units import Tokeniser, Units
from selflearn.methods.options import Width
from selflearn.networks import TokenContent, TokenMask
from selflearn.objectives import masked_classification
from selflearn.ranks import rank_weight
from selflearn.targets import Codebook


class BEiT(Masked):
    """Masked modelling with discrete targets (Bao et al., 2022); words and categories are their own names.

    The published tokeniser is a discrete autoencoder that was trained on other pictures before. Here it is a codebook of the tokens
    themselves: k-means of the first batches, which then stands still, or a fixed random one (Chiu et al., BEST-RQ, 2022).

    Settings
    --------
    hidden : share of the tokens that are hidden.
    span : side of what is hidden together, in tokens: rectangles of a grid, spans of a row.
    codes : of the codebook.
    tokeniser, settles : see `Units`.
    coded : the encoder is shown codes in place of what tokens are, and nothing where they are hidden: what goes in is discrete.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace"})

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.4
    span: Width = 4
    codes: Annotated[int, Ge(2)] = 8192
    tokeniser: Tokeniser = "kmeans"
    settles: Width = 50
    coded: bool = False
    decoder_depth: Annotated[int, Ge(0)] = 0

    def build(self) -> None:
        """Make the tokeniser, and what tells its names: one layer, as published, unless a depth is given."""
        self.how = "replace"
        self.units = Units(self.encoder, self.codes, self.tokeniser, self.settles)
        showable = "mask-show" in self.encoder.capabilities and self.encoder.content_size()[1] == 0
        if self.coded and not (showable and isinstance(self.units.codebook, Codebook)):
            raise RecipeError(
                "coded tokens are shown by their codes: BEiT then needs tokens of numbers alone, an encoder that can be shown "
                "other content (mask-show), and tokeniser=kmeans"
            )
        self.decoder = token_decoder(self.encoder, self.decoder_width, self.decoder_depth, self.decoder_heads, self.units.size)

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Tokens that lie together."""
        return hide_groups(self.encoder, view, self.how, self.hidden, self.span, generator)

    def mask(self, view: Batch, generator: torch.Generator) -> TokenMask:
        """Hidden tokens are replaced; if all are coded, each is shown as its code, and hidden ones as the mean of all."""
        mask, codebook = super().mask(view, generator), self.units.codebook
        if self.coded and isinstance(codebook, Codebook):
            content = self.encoder.token_content(view)
            if self.training:
                self.units.follow(content, self.encoder.token_real(view))
            shown = codebook.centres[self.units(content)].masked_fill(mask.hidden[..., None], 0.0)
            mask = TokenMask(mask.hidden, how="show", shown=shown)
        return mask

    def losses(self, predictions: Tensor, content: TokenContent, hidden: Tensor) -> Losses:
        """One term: cross-entropy of the names of hidden tokens."""
        if self.training and not self.coded:
            self.units.follow(content, hidden)
        names = self.units(content)
        told = masked_classification(predictions, names, hidden)
        return {"classification": told * rank_weight((hidden & (names >= 0)).sum())}

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """A codebook needs as many tokens as it has codes."""
        super().check_batch(samples, steps)
        self.units.check("BEiT", int(samples * math.prod(self.encoder.token_grid()) * self.hidden))
