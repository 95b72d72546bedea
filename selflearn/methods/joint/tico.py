"""TiCo: views agree, and each is pushed out of the directions in which past samples lie."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch.nn.functional as F
from annotated_types import Ge
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, covariance_contrast, negative_cosine
from selflearn.targets import SecondMoment


class TiCo(Distillation):
    """The second view follows the teacher's first, out of the way of a running second moment (Zhu et al., 2022).

    The moment stands for a queue of any length: the contrast with it is the mean squared cosine with all that it has seen.

    Settings
    --------
    contrast : weight of the push.
    memory : momentum of the running moment.
    """

    gathers: ClassVar[bool] = False  # the moment is of all ranks, and the rest is a mean over samples

    contrast: Annotated[float, Ge(0)] = 8.0
    memory: Share = 0.9
    momentum: Share = 0.99

    def build(self) -> None:
        """Add the moment."""
        super().build()
        self.moment = SecondMoment(self.projector[-1], self.memory)

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def sides(self, views: list[Batch]) -> tuple[list[Batch], list[Batch]]:
        """One view to each."""
        return views[1:], views[:1]

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """Two terms; the moment knows this batch already, as published."""
        projections = self.project(online[0].pooled)
        self.moment.follow(F.normalize(projections.float(), dim=1))
        return {
            "invariance": 1 + negative_cosine(projections, targets[0]),
            "contrast": self.contrast * covariance_contrast(projections, self.moment.moment.clone()),
        }
