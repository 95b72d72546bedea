"""Masked language modelling: some tokens are asked for; most of those are hidden, some stand there to be told all the same."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.masked.base import Masked, one_each
from selflearn.networks import TokenContent, TokenMask
from selflearn.objectives import masked_classification
from selflearn.ranks import rank_weight


class MaskedLanguage(Masked):
    """Tokens that are words, letters or categories are told from their context (Devlin et al., BERT, 2019).

    BERT hides 80 % of the tokens it asks for, puts a random one in place of 10 % and leaves 10 % as they are, so that the network
    must expect to be asked for tokens it can see. Here those 20 % are all left as they are: what a random token is, only the kind
    of data could say.

    Settings
    --------
    hidden : share of the tokens that are asked for.
    shown : share of these that are not hidden.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace"})
    default_views: ClassVar[str] = "plain"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.15
    shown: Annotated[float, Ge(0), Lt(1)] = 0.2

    def build(self) -> None:
        """Make the decoder; tokens must have classes."""
        if self.encoder.content_size()[1] == 0:
            raise RecipeError("MaskedLanguage tells the class of a token, and these tokens have none; MAE restores their numbers")
        super().build()
        self.how = "replace"

    def losses(self, predictions: Tensor, content: TokenContent, hidden: Tensor) -> Losses:
        """One term: cross-entropy of the tokens that are asked for."""
        if content.classes is None:
            raise RecipeError("MaskedLanguage got a view whose tokens have no classes")
        numbers = 0 if content.values is None else content.values.shape[2]
        told = masked_classification(predictions[..., numbers:], content.classes, hidden)
        return {"classification": told * rank_weight((hidden & (content.classes >= 0)).sum())}

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Choose, hide most of the chosen, encode, tell."""
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for view in views:
            asked = self.draw(view, generator)
            chance = torch.rand(asked.shape, generator=generator, device=generator.device).to(asked.device)
            features = self.encoder(view, TokenMask(asked & (chance >= self.shown), how=self.how))
            predictions = self.decoder(features.tokens, TokenMask(asked, how=self.how), view)
            losses.append(self.losses(predictions, self.encoder.token_content(view), asked))
            seen.append(one_each(features))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float(), can_collapse=False)
