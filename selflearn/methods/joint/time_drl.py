"""TimeDRL: tokens tell their own parts of a sample, the pooled embedding the whole; each is learned apart, without augmentation."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.networks import Features, TokenContent
from selflearn.objectives import masked_classification, masked_reconstruction, negative_cosine
from selflearn.ranks import rank_weight


class TimeDRL(Method):
    """Tokens restore what they are, with nothing hidden; the pooled embeddings of two passes, unlike by dropout alone, agree.

    Nothing pushes samples apart: a predictor and a stopped gradient keep the agreement from collapsing, and what is restored does
    so too (Chang et al., 2024). Augmenting views would teach invariances that a series may not have. With one view the encoder
    passes twice over it and must have dropout; with two views it passes once over each.

    Settings
    --------
    restoration, agreement : weights of the two.
    dropout : in the predictor, and before the layer that restores.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens"})
    default_views: ClassVar[str] = "plain"

    restoration: Annotated[float, Ge(0)] = 1.0
    agreement: Annotated[float, Ge(0)] = 0.1
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2

    def build(self) -> None:
        """The layer that restores, and the predictor: half as wide inside, as in the authors' code."""
        dim, half = self.encoder.dim, max(1, self.encoder.dim // 2)
        self.restore = nn.Sequential(nn.Dropout(self.dropout), nn.Linear(dim, sum(self.encoder.content_size())))
        self.predict = nn.Sequential(
            nn.Linear(dim, half), nn.BatchNorm1d(half), nn.ReLU(), nn.Dropout(self.dropout), nn.Linear(half, dim)
        )

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode twice, restore, compare."""
        if len(views) == 1 and "dropout" not in self.encoder.capabilities:
            raise RecipeError(
                f"TimeDRL passes twice over a single view, and the encoder {self.encoder.settings.get('name')} has no dropout that "
                "would make the passes differ: --set encoder.dropout=0.2 where it has that option, or --set views=standard"
            )
        if len(views) > 2:
            raise RecipeError(f"TimeDRL takes one view or two, not {len(views)}; choose other views, such as {self.default_views}")
        pair = [views[0], views[-1]]
        first, second = (self.encoder(view) for view in pair)
        restored = [self.restored(features, view) for features, view in zip((first, second), pair, strict=True)]
        agreement = (
            negative_cosine(self.predict(first.pooled), second.pooled.detach())
            + negative_cosine(self.predict(second.pooled), first.pooled.detach())
        ) / 2
        losses = {"restoration": self.restoration * torch.stack(restored).mean(), "agreement": self.agreement * agreement}
        return Outcome(losses, first.pooled.detach().float())

    def restored(self, features: Features, view: Batch) -> Tensor:
        """Mean squared error of all real tokens' numbers, and cross-entropy of their classes where tokens have some."""
        content: TokenContent = self.encoder.token_content(view)
        predictions, real = self.restore(features.tokens), self.encoder.token_real(view)
        numbers = 0 if content.values is None else content.values.shape[2]
        parts = []
        if content.values is not None and numbers:
            numeric = real if content.classes is None else real & (content.classes < 0)
            told = masked_reconstruction(predictions[..., :numbers], content.values, numeric)
            parts.append(told * rank_weight(numeric.sum()))
        if content.classes is not None:
            told = masked_classification(predictions[..., numbers:], content.classes, real)
            parts.append(told * rank_weight((real & (content.classes >= 0)).sum()))
        return torch.stack(parts).sum()
