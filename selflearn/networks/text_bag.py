"""A bag of words in two halves: what it says, letter by letter, and what it means, as learned. For short texts and few minutes."""

from __future__ import annotations

import zlib
from typing import Annotated, cast

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.texts import TextBatch, TextSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask

START = 0.03
"""Deviation of the random vectors at first: so small that a few hundred updates make more of them than chance did."""

SLIGHT = 0.1  # weight of single letters, marks and inner pieces beside whole words

RUNS = range(2, 5)  # lengths of the runs of letters that the lexical half counts, as in the dull baseline


class BagOfWords(Encoder):
    """TF-IDF twice: as it is, folded to `lexical` numbers, and through a learned table of vectors, each half of unit length.

    The lexical half has nothing to learn. It keeps what no few latent directions can hold: which words, and which runs of letters,
    a text has (by hashing: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, 2009). The latent half is the
    sum of its tokens' vectors, weighted by how rare they are, which learns what words go together; restoring TF-IDF from it is
    latent semantic analysis (Deerwester et al., 1990). While training, the lexical half is blank: it would solve any task alone,
    and nothing would be learned.

    Parameters
    ----------
    spec : a text spec.
    width : length of the latent half.
    lexical : length of the lexical half; 0 for none.
    weight : of the latent half beside the lexical one.
    dropout : probability with which each number of the latent half is left out while training.
    """

    rarity: Tensor
    places: Tensor
    counts: Tensor
    capabilities = frozenset({"restorable", "any-size"})
    spec: TextSpec

    def __init__(self, spec: TextSpec, width: int, lexical: int, weight: float, dropout: float) -> None:
        super().__init__()
        self.spec, self.width, self.lexical, self.weight, self.dropout = spec, width, lexical, weight, dropout
        self.dim = width + lexical
        self.settings = {"width": width, "lexical": lexical, "weight": weight, "dropout": dropout}
        self.table = nn.Embedding(spec.size, width)
        nn.init.normal_(self.table.weight, std=START)
        self.register_buffer("rarity", rarity(spec), persistent=False)
        blank = torch.zeros(spec.size, 1, dtype=torch.long), torch.zeros(1, 1)
        places, counts = lexical_rows(spec, lexical) if lexical else blank
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("counts", counts, persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Both halves; tokens are the latent half as a single one, from which a text can be restored."""
        if mask is not None:
            raise RecipeError("the encoder bag cannot hide tokens; hide them in a view, or choose the encoder transformer")
        weights = self._weights(batch)
        latent = (weights[:, None].to(self.table.weight.dtype) @ self.table(batch.values)).squeeze(1)
        latent = latent / weights.norm(dim=1, keepdim=True).clamp(min=1e-6).to(latent.dtype)
        whole = [self.weight * F.normalize(latent, dim=1)] if self.lexical else [latent]
        if self.dropout and self.training:
            whole[0] = F.dropout(whole[0], self.dropout)
        if self.lexical:
            whole.append(torch.zeros_like(latent[:, :1]).expand(-1, self.lexical) if self.training else self._lexical(batch))
        return Features(pooled=torch.cat(whole, dim=1), tokens=latent[:, None])

    def token_grid(self) -> tuple[int, ...]:
        """One token, the text."""
        return (1,)

    def token_content(self, batch: Batch) -> TokenContent:
        """(batch, 1, vocabulary) TF-IDF of the text's tokens, at unit length."""
        vectors = torch.zeros(len(batch), self.spec.size, device=batch.device)
        vectors = vectors.scatter_add_(1, batch.values, self._weights(batch).float())
        return TokenContent(F.normalize(vectors, dim=1)[:, None])

    def content_size(self) -> tuple[int, int]:
        """A number for each token that is known."""
        return self.spec.size, 0

    def decoder(self, width: int, depth: int, heads: int) -> nn.Module:
        """The table itself, read the other way: it has nothing of its own to learn."""
        return _Transposed(self.table)

    def _weights(self, batch: Batch) -> Tensor:
        return self.rarity[batch.values] * cast(TextBatch, batch).real

    def _lexical(self, batch: Batch) -> Tensor:
        """(batch, lexical) hashed TF-IDF of tokens and of the runs of letters in them, at unit length."""
        values = batch.values
        each = self.counts[values] * self._weights(batch)[..., None]
        vectors = torch.zeros(values.shape[0], self.lexical, device=values.device, dtype=each.dtype)  # len() would fix the batch
        return F.normalize(vectors.scatter_add_(1, self.places[values].flatten(1), each.flatten(1)), dim=1)


class _Transposed(nn.Module):
    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self._table = (table,)  # the encoder's own: neither copied nor listed here

    def forward(self, tokens: Tensor, mask: TokenMask | None = None, batch: Batch | None = None) -> Tensor:
        return tokens @ self._table[0].weight.t().to(tokens.dtype)


def rarity(spec: TextSpec) -> Tensor:
    """(size,) how much each token says: its inverse document frequency, at least 1; 0 for padding and mask.

    Among words, marks, single letters and the inner pieces of a word weigh a tenth: they are frequent in all texts alike, or come
    several at a time for one rare word. Not nothing, so that a text that has only such still has a vector.
    """
    seen = torch.tensor(spec.seen, dtype=torch.float32)
    weights = ((1 + spec.documents) / (1 + seen)).log() + 1
    if spec.tokenizer.how == "words":
        slight = [len(token) == 1 or token.startswith("##") for token in spec.tokenizer.vocabulary]
        weights = torch.where(torch.tensor(slight), SLIGHT * weights, weights)
    weights[[spec.padding, spec.mask]] = 0
    return weights


def lexical_rows(spec: TextSpec, size: int) -> tuple[Tensor, Tensor]:
    """For each token, its columns among `size` and what it adds there: (tokens, most) int64 and float32.

    A token counts once for itself and, with the half of its weight in all, for the runs of two to four letters in it. Signs are
    hashed as well, so that what falls together by chance cancels out on average.
    """
    rows = []
    for number in range(spec.size):
        word = spec.tokenizer.vocabulary[number] if spec.tokenizer.vocabulary else ""
        runs = [] if number in spec.specials or spec.tokenizer.how != "words" else _runs(word)
        hashed = [(zlib.crc32(f"{number}".encode()), 1.0)]
        hashed += [(zlib.crc32(each.encode()), (0.5 / len(runs)) ** 0.5) for each in runs]
        rows.append([(code % size, weight * (1 if (code >> 16) & 1 else -1)) for code, weight in hashed])
    most = max(map(len, rows))
    places, counts = torch.zeros(spec.size, most, dtype=torch.long), torch.zeros(spec.size, most)
    for number, row in enumerate(rows):
        for column, (place, weight) in enumerate(row):
            places[number, column], counts[number, column] = place, weight
    return places, counts


def _runs(word: str) -> list[str]:
    framed = word[2:] + ">" if word.startswith("##") else f"<{word}>"
    return [framed[start : start + length] for length in RUNS for start in range(len(framed) - length + 1)][:32]


def text_bag(
    spec: TextSpec,
    *,
    width: Annotated[int, Field(ge=1, le=8192)] = 128,
    lexical: Annotated[int, Field(ge=0, le=65_536)] = 2048,
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
) -> Encoder:
    """A bag of words: hashed TF-IDF beside a learned latent half.

    Parameters
    ----------
    spec : a text spec.
    width : length of the latent half.
    lexical : length of the lexical half; 0 for none.
    weight : of the latent half beside the lexical one.
    dropout : of the latent half, while training.
    """
    return BagOfWords(spec, width, lexical, weight, dropout)
