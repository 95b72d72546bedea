"""Barlow Twins: no negatives, no teacher; redundancy between outputs is what is pushed away."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.methods.options import Width
from selflearn.networks import Features
from selflearn.objectives import SimilarityGraph, barlow_twins


class BarlowTwins(Joint):
    """Two views agree in every output and repeat themselves in none (Zbontar et al., 2021).

    Settings
    --------
    redundancy : weight of the correlations between different outputs.
    projector : may be empty: the encoder's own outputs are then compared, as its forms for graphs have it (Bielak et al., "Graph
        Barlow Twins", 2022; Zhang et al., "From Canonical Correlation Analysis to Self-supervised Graph Neural Networks", 2021).
    """

    projector: list[Width] = [2048, 2048]

    redundancy: Annotated[float, Ge(0)] = 5e-3

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term: distance of the cross-correlation from the identity."""
        first, second = (self.project(features.pooled) for features in online)
        return {"redundancy": barlow_twins(first, second, self.redundancy)}
