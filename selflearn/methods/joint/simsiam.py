"""SimSiam: BYOL without the teacher. The stop-gradient alone keeps it from collapse, which can be shown by taking it away."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Gt
from torch import nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, negative_cosine


class SimSiam(Joint):
    """Each view predicts the mean of the other large views, which are held still (Chen and He, 2021).

    With two views it is SimSiam. With more the target is a mean of several and jumps less from step to step, which a small batch
    gains by: FastSiam (Pototzky et al., 2022).

    Settings
    --------
    predictor : width of the predictor's hidden layer, narrower than the projector's output.
    stop_gradient : whether the predicted side is held still; without it everything collapses.
    """

    gathers: ClassVar[bool] = False
    most_views: ClassVar[int | None] = None
    least_large: ClassVar[int] = 2  # a large view predicts the others

    predictor: Annotated[int, Gt(0)] = 512
    stop_gradient: bool = True

    def build(self) -> None:
        """Add the predictor."""
        super().build()
        self.predict = mlp([self.projector[-1], self.predictor, self.projector[-1]])

    def make_head(self) -> nn.Module:
        """Batch norm after every layer; the last one learns neither scale nor shift."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True, last_affine=False)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """As all joint methods; small views predict, and are not predicted."""
        self._large = sum(view.scope == "global" for view in views)
        return super().forward(views, generator)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term, the mean over views."""
        projections = [self.project(features.pooled) for features in online]
        large = [each.detach() if self.stop_gradient else each for each in projections[: self._large]]
        terms = []
        for number, projection in enumerate(projections):
            others = torch.stack([target for other, target in enumerate(large) if other != number])
            terms.append(negative_cosine(self.predict(projection), others.mean(0)))
        return {"regression": torch.stack(terms).mean()}
