"""A student learns what the classifier of the stage before says: of samples without labels, and of those with wrong ones."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.labels.base import Classifier
from selflearn.objectives import imitation
from selflearn.targets import Frozen


class SelfDistillation(Classifier):
    """Cross-entropy to ``i * teacher + (1 - i) * label``; samples without a label imitate the teacher alone.

    With few labels this is the last step of SimCLRv2 (Chen et al., "Big Self-Supervised Models are Strong Semi-Supervised
    Learners", 2020), with `hard` self-training on pseudo-labels (Xu et al., "Self-training and Pre-training are Complementary for
    Speech Recognition", 2021). With many wrong labels an ``i`` above 1 is best: the student unlearns what the teacher did not
    believe (Das and Sanghavi, "Understanding Self-Distillation in the Presence of Label Noise", 2023).

    Settings
    --------
    imitated : ``i``, the teacher's share, any number; 1 leaves the labels aside.
    temperature : of both sides' softmax, > 0.
    hard : the teacher's most probable class alone, as a pseudo-label.
    """

    imitated: float = 1.0
    temperature: Annotated[float, Gt(0)] = 1.0
    hard: bool = False

    def begin(self, previous: Method | None) -> None:
        """The classifier of the stage before becomes the teacher."""
        known = [] if previous is None else [part for part in previous.modules() if isinstance(part, Classifier)]
        if not known or known[0].classes != self.classes:
            raise RecipeError(
                "SelfDistillation imitates the classifier of the stage before it, of the same classes: put one there, such as "
                "fit: CrossEntropy"
            )
        self.teacher_encoder, self.teacher_head = Frozen(known[0].encoder), Frozen(known[0].alone)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Classify each view with both, compare."""
        if not hasattr(self, "teacher_head"):
            raise RecipeError("SelfDistillation has no teacher: call begin with the method that it comes after")
        labels = self.labels(views)
        pooled = [self.encoder(view).pooled for view in views]
        losses: list[Tensor] = [
            imitation(self.head(each).float() / self.temperature, self._taught(view), labels, self.imitated)
            for each, view in zip(pooled, views, strict=True)
        ]
        return Outcome({"imitation": torch.stack(losses).mean()}, pooled[0].detach().float(), can_collapse=False)

    def _taught(self, view: Batch) -> Tensor:
        """(batch, classes) what the teacher says."""
        logits = self.teacher_head(self.teacher_encoder(view).pooled).float()
        if self.hard:
            return F.one_hot(logits.argmax(1), logits.shape[1]).float()
        taught: Tensor = (logits / self.temperature).softmax(1)
        return taught
