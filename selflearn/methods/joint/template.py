"""The template: what joint methods differ in, each choice a setting, so that one can be changed while the others stay."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.momentum_contrast import MomentumContrast
from selflearn.methods.options import Share
from selflearn.networks import Features
from selflearn.objectives import SimilarityGraph, barlow_twins, cosine_regression
from selflearn.ranks import gathered


class Template(MomentumContrast):
    """Views, a head, perhaps a predictor; a target from the student itself, held still, or from its average; a loss.

    Known methods are points of this grid (Morningstar et al., 2024): SimCLR is contrast with the student, MoCo v3 contrast with a
    predictor and a teacher, BYOL regression with these, SimSiam regression with a predictor and a stopped student, Barlow Twins
    redundancy with the student. Views and network are the recipe's.

    Settings
    --------
    loss : "contrast" (by `objective`), "regression" on the sphere, or "redundancy" of the outputs.
    target : "student" learns on both sides, "stopped" is the student held still, "teacher" its average.
    redundancy : weight of the correlations between different outputs.
    """

    loss: Literal["contrast", "regression", "redundancy"] = "contrast"
    target: Literal["student", "stopped", "teacher"] = "teacher"
    redundancy: Annotated[float, Ge(0)] = 5e-3
    spread: Annotated[float, Ge(0)] = 0.0
    final_momentum: Share = 1.0

    def build(self) -> None:
        """Refuse choices that exclude each other."""
        if self.target != "teacher" and (self.queue or not self.symmetric):
            raise RecipeError("Template: a queue, and one side, are for a teacher's embeddings; set target: teacher")
        if self.loss != "contrast" and (self.queue or self.objective != "softmax"):
            raise RecipeError("Template: a queue and an objective are for a contrast; leave them out, or set loss: contrast")
        super().build()

    def sides(self, views: list[Batch]) -> tuple[list[Batch], list[Batch]]:
        """Where the target is the student, the teacher sees nothing."""
        return super().sides(views) if self.target == "teacher" else (views, [])

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Where both sides are the student, a view's own side holds candidates too, as in SimCLR."""
        return Joint.positives(self, views) if self.target == "student" else super().positives(views)

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """The chosen loss between predictions and targets; where each view has the other's, the mean of both ways."""
        if self.loss == "contrast" and self.target == "teacher":
            return super().losses(online, targets, graph)
        projections = self.project(torch.cat([features.pooled for features in online]))
        predictions = self.predict(projections).chunk(len(online))
        if self.target != "teacher":
            targets = list((projections if self.target == "student" else projections.detach()).chunk(len(online)))
        if self.loss == "contrast":
            return {"contrast": self.contrast(gathered(torch.cat(predictions)), gathered(torch.cat(targets)), graph)}
        others = targets[::-1] if self.symmetric else targets
        terms = [self.compare(gathered(one), gathered(other)) for one, other in zip(predictions, others, strict=True)]
        return {self.loss: torch.stack(terms).mean()}

    def compare(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Scalar: regression or redundancy between (batch, projection) of all ranks."""
        if self.loss == "regression":
            return cosine_regression(predictions, targets)
        return barlow_twins(predictions, targets, self.redundancy)
