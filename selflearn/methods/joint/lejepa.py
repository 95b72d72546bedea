"""LeJEPA: views predict the mean of the large ones, and all embeddings are held to an isotropic Gaussian. Nothing else."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, random_directions, sigreg, view_prediction


class LeJEPA(Joint):
    """Prediction without teacher, predictor or stop-gradient (Balestriero and LeCun, 2025).

    Settings
    --------
    gaussianity : weight of the test for normality, in [0, 1]; prediction has the rest. The one number to tune.
    slices : random directions on which normality is tested in each update.
    """

    joined: bool = True
    most_views: ClassVar[int | None] = None

    gaussianity: Annotated[float, Ge(0), Le(1)] = 0.05
    slices: Annotated[int, Gt(0)] = 1024

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """As all joint methods, with new directions each time."""
        self._large = sum(view.scope == "global" for view in views)
        self._directions: Tensor = random_directions(self.projector[-1], self.slices, generator)
        return super().forward(views, generator)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """Two terms, which share one unit of weight."""
        projections = self.project_views(online)
        return {
            "prediction": (1 - self.gaussianity) * view_prediction(projections, self._large),
            "gaussianity": self.gaussianity * sigreg(projections, self._directions),
        }
