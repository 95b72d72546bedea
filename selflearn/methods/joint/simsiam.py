"""SimSiam: BYOL without the teacher. The stop-gradient alone keeps it from collapse, which can be shown by taking it away."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Gt
from torch import nn

from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, negative_cosine


class SimSiam(Joint):
    """Each view predicts the other, which is held still (Chen and He, 2021).

    Settings
    --------
    predictor : width of the predictor's hidden layer, narrower than the projector's output.
    stop_gradient : whether the predicted side is held still; without it everything collapses.
    """

    gathers: ClassVar[bool] = False

    predictor: Annotated[int, Gt(0)] = 512
    stop_gradient: bool = True

    def build(self) -> None:
        """Add the predictor."""
        super().build()
        self.predict = mlp([self.projector[-1], self.predictor, self.projector[-1]])

    def make_head(self) -> nn.Module:
        """Batch norm after every layer; the last one learns neither scale nor shift."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True, last_affine=False)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term, the mean of both ways."""
        first, second = (self.project(features.pooled) for features in online)
        targets = (first.detach(), second.detach()) if self.stop_gradient else (first, second)
        forward, backward = negative_cosine(self.predict(first), targets[1]), negative_cosine(self.predict(second), targets[0])
        return {"regression": (forward + backward) / 2}
