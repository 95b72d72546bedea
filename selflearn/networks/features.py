"""Features: what every encoder returns, whatever the kind of data."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class Features:
    """An encoder's answer to a batch.

    Attributes
    ----------
    pooled : (batch, dim) one vector a sample.
    tokens : (batch, tokens, dim) one vector a visible token, without class and register tokens; None where there are none. Of
        convolutional networks, the places of the last map.
    layers : (batch, tokens, dim) after each block, in order, if they were asked for.
    mask : (batch, tokens) bool, True where a token is real; None where all are. (Where the samples are nodes of one graph, its
        nodes are one row of tokens.)
    """

    pooled: Tensor
    tokens: Tensor | None = None
    layers: tuple[Tensor, ...] = ()
    mask: Tensor | None = None


@dataclass
class TokenMask:
    """Which tokens an encoder does not see.

    Attributes
    ----------
    hidden : (batch, tokens) bool, True where a token is hidden. With `how="drop"` every row hides the same number. What is
        padding is never hidden.
    how : "drop" leaves hidden tokens out of the sequence (MAE); "replace" puts a learned mask token in their place; "show"
        shows the encoder `shown` instead of what its tokens are (TERA).
    borrowed : (batch, tokens) int64 or None. With `how="replace"`, a hidden token whose number here is not -1 shows what that token
        of its row is, in place of the mask token, so that being hidden cannot always be seen. For encoders with "mask-borrow".
    shown : (batch, tokens, numbers) altered content of every token, on the scale of `Encoder.token_content`; for "show" alone.
    """

    hidden: Tensor
    how: str = "drop"
    borrowed: Tensor | None = None
    shown: Tensor | None = None


@dataclass
class TokenContent:
    """What the tokens of a view are: what a masked method hides and restores.

    Attributes
    ----------
    values : (batch, tokens, numbers) float, standardised; None where tokens have no numbers (words).
    classes : (batch, tokens) int64, the class of each token (a word's number, a category); -1 where a token has none. None where no
        token has one. A token with a class has no numbers, whatever `values` holds there.
    """

    values: Tensor | None
    classes: Tensor | None = None


@dataclass
class Answers:
    """What an encoder tells of targets that it was not shown.

    Attributes
    ----------
    logits : (batch, points, outputs): of a target's classes, or of the bars between `borders`.
    targets : (batch, points) what is true: int64 classes, or numbers.
    asked : (batch, points) bool, True where the encoder was not shown the target.
    borders : (outputs + 1,) of the bars in which numbers are told; None for classes.
    pooled : (batch, dim) the summary of what was shown.
    """

    logits: Tensor
    targets: Tensor
    asked: Tensor
    borders: Tensor | None
    pooled: Tensor
