"""The family that learns from labels: a classifier on the encoder, trained with it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Ge
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method


class Classifier(Method):
    """Base of classifiers: write `forward`. Samples without a label have the label -1.

    Settings
    --------
    classes : how many there are; labels run from 0 to one less. None takes them from the data.
    """

    uses_labels: ClassVar[bool] = True

    classes: Annotated[int, Ge(2)] | None = None

    def build(self) -> None:
        """Make the classifier."""
        if self.classes is None:
            raise RecipeError(
                f"{type(self).__name__} learns from labels, and the data has no two classes: give labels, or set classes"
            )
        self.head: nn.Module = nn.Linear(self.encoder.dim, self.classes)

    @property
    def alone(self) -> nn.Module:
        """What tells (batch, classes) logits from the embedding of one view: what a student can imitate."""
        return self.head

    def labels(self, views: list[Batch]) -> Tensor:
        """(batch,) the labels, if there are classes for them all."""
        labels = views[0].labels
        assert self.classes is not None
        if (last := int(labels.max())) >= self.classes:
            raise RecipeError(f"{type(self).__name__}: a sample has the label {last}; set classes to at least {last + 1}")
        return labels
