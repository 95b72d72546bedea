"""Plain supervised learning: the baseline that every use of labels has to beat."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.labels.base import Classifier
from selflearn.ranks import rank_weight


class CrossEntropy(Classifier):
    """A linear classifier on the encoder, trained with it.

    The loss is the mean of `-log softmax(W f + b)_label` over the labelled samples of all views.

    Samples without a label (-1) shape nothing but the batch's statistics.

    Settings
    --------
    through : after a stage with a projector: so many of its first layers are kept below the classifier and go on learning, as in
        SimCLRv2 (Chen et al., 2020); 0 is a classifier on the encoder itself.
    """

    through: Annotated[int, Ge(0)] = 0

    def begin(self, previous: Method | None) -> None:
        """Keep the first layers of the projector before it, where that is asked."""
        if not self.through:
            return
        projector = getattr(previous, "head", None)
        layers = list(projector) if isinstance(projector, nn.Sequential) else []
        linear = [(place, layer) for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
        if self.through >= len(linear):
            raise RecipeError(
                f"CrossEntropy: through = {self.through} keeps layers below the last of the projector before it, and there are "
                f"{max(0, len(linear) - 1)}: lower it, or let a method with a deeper projector come first"
            )
        place, following = linear[self.through]
        classifier = nn.Linear(following.in_features, self.classes or 0)
        nn.init.zeros_(classifier.weight)
        nn.init.zeros_(classifier.bias)
        self.head = nn.Sequential(*layers[:place], classifier)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view, classify, compare with the labels."""
        labels = self.labels(views)
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
