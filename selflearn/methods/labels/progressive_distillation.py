"""Labels softened by what the network said of the sample the last time it saw it, the more the longer it has learned (PS-KD)."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from annotated_types import Ge
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Outcome
from selflearn.methods.labels.base import Classifier
from selflearn.methods.options import Share
from selflearn.objectives import imitation
from selflearn.ranks import rank_weight
from selflearn.targets import Memory, Ramp


class ProgressiveDistillation(Classifier):
    """Cross-entropy to ``(1 - a) label + a past``, where ``past`` is the prediction of an epoch ago (Kim et al., 2021).

    ``a`` grows linearly with the budget from 0 to `softening`. A sample that is seen for the first time has only its label. Past
    predictions are kept for every sample: 4 bytes for each sample and class.

    Settings
    --------
    softening : the share of past predictions in the end, in [0, 1].
    samples : how many there are; None takes the data's.
    """

    softening: Share = 0.8
    samples: Annotated[int, Ge(1)] | None = None

    def build(self) -> None:
        """Add the memory of past predictions."""
        super().build()
        if self.samples is None or self.classes is None:
            raise RecipeError("ProgressiveDistillation keeps what it said of every sample: set samples to how many there are")
        self.past, self.ramp = Memory(self.samples, self.classes), Ramp(0.0, self.softening, 1.0)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Classify each view, compare with the softened labels, and keep what was said, mean over views."""
        labels, index = self.labels(views), views[0].index
        given = F.one_hot(labels.clamp(min=0), self.classes or 0).float()
        past = torch.where(self.past.known[index][:, None], self.past.vectors[index], given)
        pooled = [self.encoder(view).pooled for view in views]
        logits = [self.head(each).float() for each in pooled]
        if self.training:
            self.past.write(index, torch.stack([each.detach().softmax(1) for each in logits]).mean(0))
        known = labels >= 0
        share = self.ramp.value
        losses: list[Tensor] = [imitation(each[known], past[known], labels[known], share) for each in logits]
        loss = torch.stack(losses).mean() * rank_weight(known.sum())
        return Outcome({"cross_entropy": loss}, pooled[0].detach().float(), can_collapse=False)

    def after_update(self, progress: float) -> None:
        """Past predictions count for more."""
        self.ramp.follow(progress)
