"""Questions that views ask: the answers come from the data itself, so a method can learn by telling them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Form = Literal["numbers", "classes", "shares"]


@dataclass(frozen=True)
class Asked:
    """What a view will ask under a name: known before anything is drawn, so that heads can be made for it.

    Attributes
    ----------
    ends : 1: each question is about one sample or token; 2: about a pair of them; more: about a row of them.
    size : how many numbers an answer has, or how many classes there are.
    form : "numbers" (any), "classes" (one of `size`), or "shares" (>= 0 with the sum 1).
    ordered : whether its ends have an order that the answer depends on. Ends beyond two need it.
    """

    ends: int
    size: int
    form: Form
    ordered: bool = False


@dataclass(frozen=True)
class Question:
    """What one view asks, and the answers.

    Attributes
    ----------
    rows : (asked, ends) int64: the sample of each end, or the row of tokens where `tokens` are given.
    answers : (asked, size) float; (asked,) int64 where they are classes.
    tokens : (asked, ends) int64, the place of each end in its row of tokens; None where samples themselves are asked about.
    """

    rows: Tensor
    answers: Tensor
    tokens: Tensor | None = None

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Question:
        """The same question with each tensor changed (to another device, say)."""
        return Question(change(self.rows), change(self.answers), None if self.tokens is None else change(self.tokens))
