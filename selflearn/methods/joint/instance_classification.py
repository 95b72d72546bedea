"""Instance classification: every sample is a class of its own. No pairs, projector, teacher or negatives to choose."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import nn
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome


class InstanceClassification(Method):
    """A linear classifier tells from each view which sample it is of (Ibrahim et al., 2024).

    The loss is the mean of cross-entropy with a target of ``1 - smoothing`` on the sample and the rest spread over all, over
    samples and views. The classifier has a row for each sample, so it is for some hundred thousand of them.

    Settings
    --------
    samples : how many samples there are; None takes them from the data.
    smoothing : share of the target that is spread over all samples.
    """

    samples: Annotated[int, Ge(2)] | None = None
    smoothing: Annotated[float, Ge(0), Lt(1)] = 0.8

    def build(self) -> None:
        """Make the classifier."""
        if self.samples is None:
            raise RecipeError("InstanceClassification must know how many samples there are: set samples")
        self.head = nn.Linear(self.encoder.dim, self.samples, bias=False)

    def check_data(self, samples: int) -> None:
        """Refuse samples without a class."""
        super().check_data(samples)
        if samples > self.head.out_features:
            raise RecipeError(
                f"InstanceClassification has classes for {self.head.out_features} samples, and there are {samples}; raise samples"
            )

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view, ask which sample it is."""
        pooled = [self.encoder(view).pooled for view in views]
        losses = [
            F.cross_entropy(self.head(each).float(), view.index, label_smoothing=self.smoothing)
            for each, view in zip(pooled, views, strict=True)
        ]
        return Outcome({"instance": torch.stack(losses).mean()}, pooled[0].detach().float(), can_collapse=False)
