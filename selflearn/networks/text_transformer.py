"""A small transformer over tokens of text, with dropout, padded attention, and a learned token in place of hidden ones."""

from __future__ import annotations

from typing import Annotated, Literal, cast

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.texts import TextBatch, TextSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.text_bag import rarity
from selflearn.networks.text_decoder import WordDecoder
from selflearn.networks.transformer import Transformer, grid_positions

Pool = Literal["mean", "rare"]


class TextTransformer(Encoder):
    """A pre-norm transformer over token vectors with fixed sine-cosine positions.

    Parameters
    ----------
    spec : a text spec.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    dropout : probability with which each entry of the token vectors and of what a block adds is left out while training
        (Srivastava et al., 2014); 0.1 as in Devlin et al., BERT, 2019.
    pool : `Features.pooled` is the "mean" of the real tokens, or their mean with "rare" ones weighing more, as in TF-IDF.
    causal : each token knows of itself and those before it alone, in learning and in use.
    """

    positions: Tensor
    rarity: Tensor
    capabilities = frozenset({"tokens", "mask-replace", "layers", "any-size"})

    spec: TextSpec

    def __init__(
        self, spec: TextSpec, width: int, depth: int, heads: int, dropout: float, pool: Pool, causal: bool = False
    ) -> None:
        super().__init__()
        self.spec, self.dim, self.dropout, self.pool = spec, width, dropout, pool
        self.settings = {"width": width, "depth": depth, "heads": heads, "dropout": dropout, "pool": pool, "causal": causal}
        self.capabilities = self.capabilities | {"causal"} if causal else self.capabilities
        self.embed = nn.Embedding(spec.size, width)
        self.mask_token = nn.Parameter(torch.randn(width))
        self.transformer = Transformer(width, depth, heads, causal=causal)
        self.register_buffer("positions", grid_positions((spec.longest,), width), persistent=False)
        self.register_buffer("rarity", rarity(spec), persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Look tokens up, hide those of the mask, let them attend to each other."""
        real = cast(TextBatch, batch).real
        tokens = self._embed(batch, mask) + self.positions[: real.shape[1]]
        attended = real | ~real.any(dim=1, keepdim=True)  # a row without tokens would have nothing to attend to
        tokens, outputs = self._drop(tokens), []
        for block in self.transformer.blocks:
            changed = block(tokens, attended, causal=self.transformer.causal)
            tokens = tokens + self._drop(changed - tokens) if self.dropout and self.training else changed
            outputs.append(tokens)
        tokens = self.transformer.norm(tokens)
        weights = real.to(tokens.dtype) if self.pool == "mean" else self.rarity[batch.values].to(tokens.dtype) * real
        pooled = (weights[:, None] @ tokens).squeeze(1) / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)
        return Features(pooled=pooled, tokens=tokens, layers=tuple(outputs) if layers else (), mask=real)

    def token_grid(self) -> tuple[int, ...]:
        """The most tokens of a text."""
        return (self.spec.longest,)

    def token_real(self, batch: Batch) -> Tensor:
        """(batch, tokens) bool, True where there is no padding."""
        return cast(TextBatch, batch).real

    def token_content(self, batch: Batch) -> TokenContent:
        """Which token stands in each place; -1 where it stands for no text."""
        specials = torch.tensor(self.spec.specials, device=batch.device)
        known = cast(TextBatch, batch).real & ~torch.isin(batch.values, specials)
        return TokenContent(None, torch.where(known, batch.values, -1))

    def content_size(self) -> tuple[int, int]:
        """No numbers; as many classes as tokens are known."""
        return 0, self.spec.size

    def decoder(self, width: int, depth: int, heads: int) -> nn.Module:
        """What tells hidden tokens from their vectors, with the encoder's own table of tokens (see `WordDecoder`)."""
        return WordDecoder(self.dim, self.embed)

    def _embed(self, batch: Batch, mask: TokenMask | None) -> Tensor:
        embedded: Tensor = self.embed(batch.values)
        if mask is None:
            # The mask token takes part with weight zero, so that distributed training finds every parameter used.
            return embedded + 0.0 * self.mask_token if self.training else embedded
        if mask.how != "replace":
            raise RecipeError(f"the encoder transformer replaces hidden tokens, it cannot {mask.how} them: texts differ in length")
        return torch.where(mask.hidden[..., None], self.mask_token.to(embedded.dtype), embedded)

    def _drop(self, tokens: Tensor) -> Tensor:
        return F.dropout(tokens, self.dropout) if self.dropout and self.training else tokens


def text_transformer(
    spec: TextSpec,
    *,
    width: Annotated[int, Field(ge=8, le=8192)] = 128,
    depth: Annotated[int, Field(ge=1, le=64)] = 2,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    pool: Pool = "mean",
    causal: bool = False,
) -> Encoder:
    """A small transformer over tokens.

    Parameters
    ----------
    spec : a text spec.
    width, depth, heads : length of a token, number of blocks, attention heads.
    dropout : while training; with views "dropout" it alone makes two views differ.
    pool : "mean", or "rare": rare tokens weigh more.
    causal : each token knows of itself and those before it alone.
    """
    return TextTransformer(spec, width, depth, heads, dropout, pool, causal)
