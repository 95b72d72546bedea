"""A bag of embedded tokens and pairs: the encoder for short texts and few minutes, where words matter more than their order."""

from __future__ import annotations

from typing import Annotated, cast

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.texts import TextBatch, TextSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask

FACTORS = 1_000_003, 998_244_353
"""Two primes far above any vocabulary: they spread pairs of token numbers over the buckets."""

START = 0.03
"""Deviation of the random vectors at first: so small that a few hundred updates make more of them than chance did."""


class BagOfTokens(Encoder):
    """Vectors of tokens, and of pairs of neighbours by hashing, are added up with learned weights and brought to one length.

    The vectors are random at first and the weights say how rare a token is, so that the untrained encoder is a random projection of
    TF-IDF (Johnson and Lindenstrauss, 1984): learning begins where the dull baseline stands. Pairs by hashing as in Joulin et
    al., Bag of Tricks for Efficient Text Classification, 2017. A residual layer follows, which begins as nothing.

    Parameters
    ----------
    spec : a text spec.
    width : length of the embedding.
    pairs : buckets for pairs of neighbouring tokens; 0 for none.
    depth : residual layers behind the sum.
    dropout : probability with which each entry of the sum is left out while training.
    """

    rarity: Tensor

    spec: TextSpec

    def __init__(self, spec: TextSpec, width: int, pairs: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.spec, self.dim = spec, width
        self.settings = {"width": width, "pairs": pairs, "depth": depth, "dropout": dropout}
        self.tokens = nn.Embedding(spec.size, width)
        nn.init.normal_(self.tokens.weight, std=START)
        self.weights = nn.Embedding(spec.size, 1)
        nn.init.zeros_(self.weights.weight)
        self.pairs = nn.Embedding(pairs, width) if pairs else None
        self.pair_weights = nn.Embedding(pairs, 1) if pairs else None
        if self.pairs is not None and self.pair_weights is not None:
            nn.init.normal_(self.pairs.weight, std=START / 10)
            nn.init.zeros_(self.pair_weights.weight)
        self.layers = nn.ModuleList(_Layer(width) for _ in range(depth))
        self.dropout = dropout
        self.register_buffer("rarity", rarity(spec), persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Add up, weigh, normalise."""
        if mask is not None:
            raise RecipeError(
                "the encoder bag cannot hide tokens: it has none; hide them in a view, or choose the encoder transformer"
            )
        batch = cast(TextBatch, batch)
        values, real = batch.values, batch.real
        each = self.rarity[values] * self.weights(values).squeeze(-1).exp() * real
        total = _sum(each, self.tokens(values))
        if self.pairs is not None and self.pair_weights is not None and values.shape[1] > 1:
            first, second = values[:, :-1], values[:, 1:]
            bucket = (first * FACTORS[0] + second * FACTORS[1]) % self.pairs.num_embeddings
            rare = (self.rarity[first] + self.rarity[second]) / 2 * real[:, 1:]
            total = total + _sum(rare * self.pair_weights(bucket).squeeze(-1).exp(), self.pairs(bucket))
        pooled = F.layer_norm(total, (self.dim,))
        if self.dropout and self.training:
            pooled = F.dropout(pooled, self.dropout)
        for layer in self.layers:
            pooled = pooled + layer(pooled)
        return Features(pooled=pooled)


class _Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.widen, self.narrow = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        return cast(Tensor, self.narrow(F.gelu(self.widen(self.norm(vectors)))))


def rarity(spec: TextSpec) -> Tensor:
    """(size,) the inverse document frequency of each token, at least 1; 0 for padding and mask."""
    seen = torch.tensor(spec.seen, dtype=torch.float32)
    weights = ((1 + spec.documents) / (1 + seen)).log() + 1
    weights[[spec.padding, spec.mask]] = 0
    return weights


def _sum(weights: Tensor, vectors: Tensor) -> Tensor:
    """(batch, dim) the weighted sum over tokens, in one product."""
    return (weights[:, None, :].to(vectors.dtype) @ vectors).squeeze(1)


def text_bag(
    spec: TextSpec,
    *,
    width: Annotated[int, Field(ge=8, le=8192)] = 256,
    pairs: Annotated[int, Field(ge=0, le=10_000_000)] = 16_384,
    depth: Annotated[int, Field(ge=0, le=16)] = 1,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
) -> Encoder:
    """A bag of embedded tokens and pairs: fast, and strong for short texts.

    Parameters
    ----------
    spec : a text spec.
    width : length of the embedding.
    pairs : buckets for pairs of neighbouring tokens; 0 for none.
    depth : residual layers behind the sum.
    dropout : of the sum, while training.
    """
    return BagOfTokens(spec, width, pairs, depth, dropout)
