"""CAE: how hidden tokens would be encoded is told first, and what they are is read off that: the encoder only encodes."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import hide_groups, token_decoder, way_to_hide
from selflearn.methods.masked.latent import one_hidden_each
from selflearn.methods.masked.units import Tokeniser, Units
from selflearn.methods.options import Width
from selflearn.networks import CrossDecoder, TokenMask
from selflearn.objectives import latent_prediction, masked_classification
from selflearn.ranks import rank_weight


class CAE(Method):
    """Context autoencoder (Chen et al., 2022): the encoder sees the visible tokens alone, a regressor tells the encodings of the
    others, which must be what the encoder itself makes of these (without a gradient); a decoder names each from its encoding.

    Names are those of `BEiT`'s tokeniser. Where tokens cannot be left out, they are replaced, and the regressor looks at visible
    ones alone.

    Settings
    --------
    hidden, span, codes, tokeniser, settles : as in `BEiT`.
    alignment : weight of the encodings' squared error.
    regressor_depth : blocks of the regressor.
    decoder_width, decoder_heads : of regressor and decoder.
    decoder_depth : blocks of the decoder; 0 is one linear layer.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens"})
    default_views: ClassVar[str] = "weak"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.5
    span: Width = 4
    codes: Annotated[int, Ge(2)] = 8192
    tokeniser: Tokeniser = "kmeans"
    settles: Width = 50
    alignment: Annotated[float, Ge(0)] = 2.0
    regressor_depth: Width = 4
    decoder_width: Width = 768
    decoder_depth: Annotated[int, Ge(0)] = 4
    decoder_heads: Width = 12

    def build(self) -> None:
        """Make regressor, decoder and tokeniser."""
        encoder = self.encoder
        self.how = way_to_hide(encoder, "CAE")
        self.units = Units(encoder, self.codes, self.tokeniser, self.settles)
        self.regressor = CrossDecoder(
            encoder.dim,
            encoder.token_grid(),
            self.decoder_width,
            self.regressor_depth,
            self.decoder_heads,
            encoder.dim,
            encoder.token_real,
        )
        self.decoder = token_decoder(encoder, self.decoder_width, self.decoder_depth, self.decoder_heads, self.units.size)

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Tokens that lie together."""
        return hide_groups(self.encoder, view, self.how, self.hidden, self.span, generator)

    def encoded(self, view: Batch, hidden: Tensor) -> Tensor:
        """(batch, tokens, dim) the encoder's tokens of what is not hidden, at their places; zeros where dropped."""
        tokens = self.encoder(view, TokenMask(hidden, how=self.how)).tokens
        if self.how == "replace":
            return tokens
        return tokens.new_zeros(*hidden.shape, tokens.shape[2]).masked_scatter(~hidden[..., None], tokens)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, regress the hidden encodings, align them, name the tokens."""
        aligned, named, seen = [], [], []
        for view in views:
            hidden, real, content = self.draw(view, generator), self.encoder.token_real(view), self.encoder.token_content(view)
            told = self.regressor(None, TokenMask(hidden, how=self.how), view, self.encoded(view, hidden), real & ~hidden)
            with torch.no_grad():
                targets = self.encoded(view, real & ~hidden)
            if self.training:
                self.units.follow(content, hidden)
            names = self.units(content)
            weight = rank_weight(hidden.sum())
            aligned.append(latent_prediction(told, targets, hidden) * weight)
            logits = self.decoder(told, TokenMask(hidden, how="replace"), view)
            named.append(masked_classification(logits, names, hidden) * rank_weight((hidden & (names >= 0)).sum()))
            seen.append(one_hidden_each(told, hidden))
        losses = {"classification": torch.stack(named).mean(), "alignment": self.alignment * torch.stack(aligned).mean()}
        return Outcome(losses, seen[0].detach().float(), can_collapse=False)

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """A codebook needs as many tokens as it has codes."""
        super().check_batch(samples, steps)
        self.units.check("CAE", int(samples * math.prod(self.encoder.token_grid()) * self.hidden))
