"""APC: from all that came, tell what a token a few steps ahead will be. One step ahead among words, that is a language model."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.masked.base import one_each
from selflearn.methods.options import Width
from selflearn.networks import TokenContent
from selflearn.objectives import altered_reconstruction, masked_classification
from selflearn.ranks import rank_weight


class APC(Method):
    """Autoregressive predictive coding (Chung et al., 2019): numbers are compared by size, words and categories by cross-entropy.

    Settings
    --------
    ahead : how many tokens ahead; near ones can be told from what moves slowly, far ones hardly.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "causal"})
    default_views: ClassVar[str] = "weak"

    ahead: Width = 3

    def build(self) -> None:
        """Make the layer that tells."""
        if self.ahead >= self.encoder.token_grid()[0]:
            raise RecipeError(
                f"APC tells the token {self.ahead} ahead, and samples have {self.encoder.token_grid()[0]}; lower ahead"
            )
        self.tell = nn.Linear(self.encoder.dim, sum(self.encoder.content_size()))

    def losses(self, told: Tensor, content: TokenContent, asked: Tensor) -> Losses:
        """A term for numbers and one for classes, for what there is.

        Parameters
        ----------
        told : (batch, tokens, numbers + classes) of the tokens that are told.
        content : what all tokens are; the first `ahead` are not told.
        asked : (batch, tokens) bool, which of those that are told are real.
        """
        classes = None if content.classes is None else content.classes[:, self.ahead :]
        numbers, losses = 0, Losses()
        if content.values is not None:
            values = content.values[:, self.ahead :]
            numbers, numeric = values.shape[2], asked if classes is None else asked & (classes < 0)
            told_apart = altered_reconstruction(told[..., :numbers], values, numeric[..., None].expand_as(values))
            losses["reconstruction"] = told_apart * rank_weight(numeric.sum())
        if classes is not None:
            told_apart = masked_classification(told[..., numbers:], classes, asked)
            losses["classification"] = told_apart * rank_weight((asked & (classes >= 0)).sum())
        return losses

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, tell what lies ahead, compare."""
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for view in views:
            features = self.encoder(view)
            if features.tokens is None or features.tokens.shape[1] <= self.ahead:
                raise RecipeError(f"APC tells the token {self.ahead} ahead, and no sample of this batch is that long; lower ahead")
            asked = self.encoder.token_real(view)[:, self.ahead :]
            told = self.tell(features.tokens[:, : -self.ahead])
            losses.append(self.losses(told, self.encoder.token_content(view), asked))
            seen.append(one_each(features))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float(), can_collapse=False)
