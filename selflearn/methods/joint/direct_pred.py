"""DirectPred: BYOL with a linear predictor that is not trained but set, from the correlation of what it is given."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn

from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features
from selflearn.objectives import SimilarityGraph, cosine_regression
from selflearn.objectives.precision import full_precision
from selflearn.targets import SecondMoment


class DirectPred(Distillation):
    """The predictor has the eigenvectors of its inputs' correlation, and the roots of its eigenvalues (Tian et al., 2021).

    That is where training would bring a linear predictor: strong directions are let through, weak ones held back, so that the
    student learns its strong directions first and does not collapse.

    Settings
    --------
    predictor : "set"; or, to compare with, "learned": a linear layer that is trained, or "none".
    memory : momentum of the running correlation.
    boost : what every direction is given, as a share of the strongest.
    """

    gathers: ClassVar[bool] = False  # the correlation is of all ranks, and the rest is a mean over samples

    predictor: Literal["set", "learned", "none"] = "set"
    memory: Share = 0.3
    boost: Annotated[float, Ge(0)] = 0.01

    def build(self) -> None:
        """Add the running correlation, or what stands in its place."""
        super().build()
        width = self.projector[-1]
        self.correlation = SecondMoment(width, self.memory) if self.predictor == "set" else None
        self.linear = nn.Linear(width, width, bias=False) if self.predictor == "learned" else nn.Identity()

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """One term, both ways; the correlation learns of this batch afterwards, as published."""
        first, second = (self.project(features.pooled) for features in online)
        if self.correlation is None:
            one, other = self.linear(first), self.linear(second)
        else:
            weight = rooted(self.correlation.moment, self.boost)
            one, other = first @ weight, second @ weight
            self.correlation.follow(torch.cat([first, second]))
        return {"regression": cosine_regression(one, targets[1]) + cosine_regression(other, targets[0])}


@full_precision
def rooted(correlation: Tensor, boost: float) -> Tensor:
    """``U diag(sqrt(s / max s) + boost) U^T`` of a positive (dim, dim) matrix ``U diag(s) U^T``; a zero matrix gives ``boost`` in
    every direction, and without a boost the identity.
    """
    values, vectors = torch.linalg.eigh(correlation)
    shares = values.clamp(min=0) / values[-1].clamp(min=torch.finfo(values.dtype).tiny)
    roots = (shares.sqrt() + boost).clamp(min=1e-4)  # the authors' floor
    return vectors * roots @ vectors.T
