"""Classes and what was done to a sample are one label: the network need not say the same of a picture and of the picture turned."""

from __future__ import annotations

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError
from selflearn.methods.base import Outcome
from selflearn.methods.labels.base import Classifier
from selflearn.ranks import rank_weight

UNKNOWN: Any = {"ignore_index": -1, "reduction": "sum"}


class LabelAugmentation(Classifier):
    """One softmax over pairs of class ``y`` and change ``t``, where a view asks what ``t`` was (Lee et al., 2020).

    ``mean_t -log p(y, t | t(x))``; a class's logit is the mean over views of ``(y, t)``'s, each at the view's own change. With
    `distilled` a second classifier, of the first view alone, learns the labels and what all views say together.

    Settings
    --------
    distilled : also learn the single classifier, by ``-log q(y | x) + T^2 KL(all views || q)``.
    temperature : ``T`` of that, > 0.
    asked : what the views ask; None takes it from them.
    """

    default_views = "rotation"

    distilled: bool = False
    temperature: Annotated[float, Gt(0)] = 1.0
    asked: dict[str, Asked] | None = None

    def build(self) -> None:
        """Make the joint classifier, and the single one where it is wanted."""
        super().build()
        asked = {name: each for name, each in (self.asked or {}).items() if each.ends == 1 and each.form == "classes"}
        if len(asked) != 1:
            raise RecipeError(
                "LabelAugmentation needs views that ask one question about whole samples, what was done to them: "
                "--set views=rotation"
            )
        (self.question, told), classes = asked.popitem(), self.classes or 0
        self.changes = told.size
        if self.distilled:
            self.single = self.head
        self.head = nn.Linear(self.encoder.dim, classes * told.size)

    @property
    def alone(self) -> nn.Module:
        """The single classifier."""
        if not self.distilled:
            raise RecipeError(
                "LabelAugmentation tells classes from all changed views together: set distilled for one that needs one"
            )
        return self.single

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view, tell class and change together; then what all views say of the class, where a single one learns it."""
        labels = self.labels(views)
        pooled = [self.encoder(view).pooled for view in views]
        joint = [self.head(each).float().unflatten(1, (-1, self.changes)) for each in pooled]
        changed = [self._changed(view) for view in views]
        terms = [
            F.cross_entropy(logits.flatten(1), torch.where(labels < 0, -1, labels * self.changes + change), **UNKNOWN)
            for logits, change in zip(joint, changed, strict=True)
        ]
        known = (labels >= 0).sum()
        share = rank_weight(known) / known.clamp_min(1)
        losses = {"joint": torch.stack(terms).mean() * share}
        if self.distilled:
            single = self.single(pooled[0]).float()
            together = self.together(joint, changed).detach()
            losses["single"] = F.cross_entropy(single, labels, **UNKNOWN) * share
            losses["distillation"] = self._divergence(together, single, labels >= 0) * share
        return Outcome(losses, pooled[0].detach().float(), can_collapse=False)

    def together(self, joint: list[Tensor], changed: list[Tensor]) -> Tensor:
        """(batch, classes) mean over views of the logits of each class at the view's own change."""
        rows = torch.arange(len(joint[0]), device=joint[0].device)
        own = [logits[rows, :, change] for logits, change in zip(joint, changed, strict=True)]
        return torch.stack(own).mean(0)

    def _changed(self, view: Batch) -> Tensor:
        """(batch,) the change of each sample of a view."""
        question: Question | None = view.questions.get(self.question)
        if question is None or len(question.rows) != len(view):
            raise RecipeError(f"LabelAugmentation: every view must ask {self.question!r} of every sample")
        return torch.empty_like(question.answers).scatter_(0, question.rows[:, 0], question.answers)

    def _divergence(self, together: Tensor, single: Tensor, known: Tensor) -> Tensor:
        taught, told = (each / self.temperature for each in (together, single))
        rows = F.kl_div(told.log_softmax(1), taught.log_softmax(1), reduction="none", log_target=True).sum(1)
        return (rows * known).sum() * self.temperature**2
