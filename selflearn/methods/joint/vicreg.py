"""VICReg: invariance, and a floor under each output's variance, and decorrelation, each seen alone."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from selflearn import objectives
from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features
from selflearn.objectives import SimilarityGraph

Weight = Annotated[float, Ge(0)]


class VICReg(Joint):
    """Two views agree, every output varies, no two outputs covary (Bardes et al., 2022).

    Settings
    --------
    invariance, variance, covariance : weights of the three parts; without variance everything collapses to a point.
    """

    invariance: Weight = 25.0
    variance: Weight = 25.0
    covariance: Weight = 1.0

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """What is asked of the two views' projections."""
        first, second = (self.project(features.pooled) for features in online)
        return self.compare(first, second)

    def compare(self, first: Tensor, second: Tensor) -> Losses:
        """Three terms; the hinge is averaged over both views and the covariances are added, as in the authors' code."""
        return {
            "invariance": self.invariance * objectives.invariance(first, second),
            "variance": self.variance * (objectives.variance(first) + objectives.variance(second)) / 2,
            "covariance": self.covariance * (objectives.covariance(first) + objectives.covariance(second)),
        }
