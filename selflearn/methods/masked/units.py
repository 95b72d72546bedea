"""Units: the discrete name of every token, so that telling a token is choosing one of finitely many answers."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from selflearn.errors import RecipeError
from selflearn.networks import Encoder, TokenContent
from selflearn.targets import Codebook, RandomQuantiser

Tokeniser = Literal["kmeans", "random"]


class Units(nn.Module):
    """Tokens of numbers are named by a codebook; tokens of a class (words, categories) by their class, counted after the codes.

    Parameters
    ----------
    encoder : says what its tokens are.
    codes : of the codebook; without tokens of numbers there is none.
    tokeniser : "kmeans" learns the codebook from the first batches, "random" draws it once.
    settles : batches after which a learned codebook stands still.

    Attributes
    ----------
    size : how many names there are.
    """

    def __init__(self, encoder: Encoder, codes: int, tokeniser: Tokeniser = "kmeans", settles: int = 50) -> None:
        super().__init__()
        numbers, classes = encoder.content_size()
        self.codes = codes if numbers else 0
        self.size = self.codes + classes
        self.codebook: nn.Module | None = None
        if numbers:
            self.codebook = RandomQuantiser(codes, numbers) if tokeniser == "random" else Codebook(codes, numbers, settles)

    def forward(self, content: TokenContent) -> Tensor:
        """(batch, tokens) int64; -1 for a token that is nothing."""
        classes = content.classes
        named = torch.full_like(classes, -1) if classes is not None else None
        if self.codebook is not None and content.values is not None:
            named = self.codebook(content.values)
        if classes is None or named is None:
            return named if named is not None else torch.empty(0, dtype=torch.long)
        return torch.where(classes >= 0, classes + self.codes, named)

    def follow(self, content: TokenContent, chosen: Tensor) -> None:
        """Learn the codebook from the numbers of these tokens, (batch, tokens) bool."""
        if isinstance(self.codebook, Codebook) and content.values is not None:
            numeric = chosen if content.classes is None else chosen & (content.classes < 0)
            self.codebook.follow(content.values[numeric])

    def check(self, method: str, tokens: int) -> None:
        """Raise `RecipeError` where a batch of at most this many tokens is too small to find the codes among."""
        if isinstance(self.codebook, Codebook) and self.codes > tokens:
            raise RecipeError(
                f"{method} finds {self.codes} codes among the tokens of its first batch, which has at most {tokens}; lower codes, "
                "raise batch, or take tokeniser=random"
            )
