"""BYOL: a predictor on the student's side and a slow teacher on the other keep views from agreeing on nothing."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Gt
from torch import Tensor

from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, cosine_regression


class BYOL(Distillation):
    """The student predicts, for each view, what its teacher says of the other (Grill et al., 2020).

    Settings
    --------
    predictor : width of the predictor's hidden layer.
    """

    gathers: ClassVar[bool] = False

    predictor: Annotated[int, Gt(0)] = 4096

    def build(self) -> None:
        """Add the predictor, which only the student has."""
        super().build()
        self.predict = mlp([self.projector[-1], self.predictor, self.projector[-1]], bias=False)

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """One term, both ways; the sum of two regressions, as published."""
        first, second = (self.predict(self.project(features.pooled)) for features in online)
        return {"regression": cosine_regression(first, targets[1]) + cosine_regression(second, targets[0])}
