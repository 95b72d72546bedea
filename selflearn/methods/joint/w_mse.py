"""W-MSE: views agree after the batch is whitened. What is white cannot collapse, so nothing else is needed."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, MinLen
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.methods.options import Share, Width
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, whitened_mse
from selflearn.ranks import world


class WMSE(Joint):
    """Squared distance of whitened views on the sphere, over all pairs of views (Ermolov et al., 2021).

    Settings
    --------
    size : samples that are whitened together, drawn anew each time; more than the projector's last width. 0 takes the whole batch.
    draws : how often parts are drawn for each update.
    shrinkage : share of the identity in the covariance.
    """

    most_views: ClassVar[int | None] = None

    projector: Annotated[list[Width], MinLen(1)] = [1024, 64]
    size: Annotated[int, Ge(0)] = 128
    draws: Annotated[int, Gt(0)] = 1
    shrinkage: Share = 0.0

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """Refuse a covariance of fewer samples than outputs: it has no inverse."""
        super().check_batch(samples, steps)
        together = min(self.size or samples * world(), samples * world())
        if together <= self.projector[-1]:
            raise RecipeError(
                f"WMSE cannot whiten {self.projector[-1]} outputs of {together} samples; raise batch and size above "
                f"{self.projector[-1]}, or lower the projector's last width"
            )

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """As all joint methods, with new parts each time."""
        samples = len(views[0]) * world()
        orders = [torch.randperm(samples, generator=generator, device=generator.device) for _ in range(self.draws)]
        self._orders: list[Tensor] = [order.to(views[0].device) for order in orders]
        return super().forward(views, generator)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term, the mean over draws."""
        projections = self.project_views(online)
        terms = [whitened_mse(projections[:, order], self.size, self.shrinkage) for order in self._orders]
        return {"whitened": torch.stack(terms).mean()}
