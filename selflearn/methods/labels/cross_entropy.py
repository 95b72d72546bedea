"""Plain supervised learning: the baseline that every use of labels has to beat."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.ranks import rank_weight


class CrossEntropy(Method):
    """A linear classifier on the encoder, trained with it.

    The loss is the mean of `-log softmax(W f + b)_label` over the labelled samples of all views.

    Samples without a label (-1) shape nothing but the batch's statistics.

    Settings
    --------
    classes : how many there are; labels run from 0 to one less. None takes them from the data.
    """

    uses_labels: ClassVar[bool] = True

    classes: Annotated[int, Ge(2)] | None = None

    def build(self) -> None:
        """Make the classifier."""
        if self.classes is None:
            raise RecipeError("CrossEntropy learns from labels, and the data has no two classes: give labels, or set classes")
        self.head = nn.Linear(self.encoder.dim, self.classes)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view, classify, compare with the labels."""
        labels = views[0].labels
        if int(labels.max()) >= self.head.out_features:
            raise RecipeError(
                f"CrossEntropy: a sample has the label {int(labels.max())}; set classes to at least {int(labels.max()) + 1}"
            )
        pooled = [self.encoder(view).pooled for view in views]
        losses: list[Tensor] = [
            F.cross_entropy(self.head(each).float(), labels, ignore_index=-1, reduction="sum") for each in pooled
        ]
        known = (labels >= 0).sum()
        return Outcome(
            {"cross_entropy": torch.stack(losses).mean() / known.clamp_min(1) * rank_weight(known)},
            pooled[0].detach().float(),
            can_collapse=False,
        )
