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
    tokens : (batch, tokens, dim) one vector a visible token, without class and register tokens; None where there are none.
    layers : (batch, tokens, dim) after each block, in order, if they were asked for.
    """

    pooled: Tensor
    tokens: Tensor | None = None
    layers: tuple[Tensor, ...] = ()


@dataclass
class TokenMask:
    """Which tokens an encoder does not see.

    Attributes
    ----------
    hidden : (batch, tokens) bool, True where a token is hidden. With `how="drop"` every row hides the same number.
    how : "drop" leaves hidden tokens out of the sequence (MAE); "replace" puts a learned mask token in their place.
    """

    hidden: Tensor
    how: str = "drop"
