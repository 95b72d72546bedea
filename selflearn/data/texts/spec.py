"""What views and encoders must know of texts: the tokenizer itself, so that it travels with the encoder as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec

How = Literal["words", "characters", "symbols", "kmer", "bpe", "pretrained"]
PADDING, UNKNOWN, MASK = 0, 1, 2
SHORT = 64  # tokens up to which a bag of words says most of what a text says
OWN_SPECIALS = ("[PAD]", "[UNK]", "[MASK]")
"""The first numbers of every vocabulary that is trained on the spot."""


class TokenizerSpec(BaseModel):
    """A tokenizer as plain JSON.

    Attributes
    ----------
    how : "words": frequent words whole, rare ones in pieces; "characters"; "symbols": the letters of a symbol language;
        "kmer": runs of `k` symbols; "bpe" and "pretrained": a tokenizer of the library `tokenizers`, whose own JSON is kept in
        `library`.
    vocabulary : the token of each number, for tokenizers of our own; specials first.
    lower : whether capital letters are made small.
    symbols : the symbol language, e.g. "DNA", or empty for running text.
    k : length of a k-mer.
    library : the JSON of a tokenizer of the library; only data, never code.
    first, last : numbers of the special tokens that a pretrained body wants around each text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    how: How
    vocabulary: tuple[str, ...] = ()
    lower: bool = False
    symbols: str = ""
    k: int = Field(default=1, ge=1, le=12)
    library: str = ""
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()


class TextSpec(Spec):
    """How texts become numbers, and how often each number was seen.

    Attributes
    ----------
    tokenizer : see `TokenizerSpec`.
    size : how many token numbers there are.
    longest : the most tokens of a text; what is longer is cut off.
    padding, unknown, mask : numbers of the special tokens.
    documents : how many texts were counted.
    seen : in how many of them each token occurs, at least 0; one for each token number.
    """

    kind: ClassVar[str] = "text"
    tokenizer: TokenizerSpec
    size: int = Field(ge=4)
    longest: int = Field(ge=1)
    padding: int = Field(default=PADDING, ge=0)
    unknown: int = Field(default=UNKNOWN, ge=0)
    mask: int = Field(default=MASK, ge=0)
    documents: int = Field(ge=1)
    seen: tuple[int, ...]

    @model_validator(mode="after")
    def _agree(self) -> TextSpec:
        if max(self.padding, self.unknown, self.mask) >= self.size or len(self.seen) != self.size:
            raise ValueError("special tokens must be numbers of the vocabulary, and each token needs a count")
        if len({self.padding, self.unknown, self.mask}) < 3:
            raise ValueError("padding, unknown and mask must be three different tokens")
        if self.tokenizer.vocabulary and len(self.tokenizer.vocabulary) != self.size:
            raise ValueError("the vocabulary must have a token for each number")
        return self

    @property
    def specials(self) -> tuple[int, ...]:
        """Numbers of tokens that stand for no text, each once."""
        return tuple(sorted({self.padding, self.unknown, self.mask, *self.tokenizer.first, *self.tokenizer.last}))

    @property
    def form(self) -> str:
        """Either "symbols" (no words, and order is all), "short" texts, of which a bag of words says most, or "long" ones."""
        if self.tokenizer.symbols or self.tokenizer.how in {"characters", "symbols", "kmer"}:
            return "symbols"
        return "short" if self.longest <= SHORT else "long"

    def describe(self) -> str:
        """E.g. "texts of at most 48 tokens, 8,192 words"."""
        unit = {"words": "words and pieces", "kmer": f"{self.tokenizer.k}-mers", "bpe": "pieces", "pretrained": "pieces"}
        kind = f"{self.tokenizer.symbols} strings" if self.tokenizer.symbols else "texts"
        return f"{kind} of at most {self.longest} tokens, {self.size:,} {unit.get(self.tokenizer.how, self.tokenizer.how)}"


@dataclass
class TextBatch(Batch):
    """Texts: `values` (batch, longest of these) int64 token numbers, padded at the end, with `mask` and `lengths`.

    Attributes
    ----------
    room : the most tokens that any text of the data has (`TextSpec.longest`), where known.
    padding : the number that stands where no token is.
    """

    room: int | None = None
    padding: int = PADDING

    def fits(self, other: Batch) -> bool:
        """Texts of any lengths can lie in one batch."""
        return isinstance(other, TextBatch) and self.scope == other.scope

    @classmethod
    def join(cls, batches: Sequence[Any]) -> Any:
        """The texts of several batches, padded to the longest of all."""
        width = max(each.values.shape[1] for each in batches)
        return super().join([each.padded(width) for each in batches])

    def padded(self, width: int) -> TextBatch:
        """The same texts with room for `width` tokens, at least their own."""
        more = width - self.values.shape[1]
        if more <= 0:
            return self
        values = torch.nn.functional.pad(self.values, (0, more), value=self.padding)
        return replace(self, values=values, mask=torch.nn.functional.pad(self.real, (0, more), value=False))

    @property
    def real(self) -> Tensor:
        """(batch, longest) bool, True where there is a token."""
        return torch.ones_like(self.values, dtype=torch.bool) if self.mask is None else self.mask
