"""SimCLR: the other view of a sample is told from all other samples of the batch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from selflearn.methods.base import Losses
from selflearn.methods.joint.contrast import Contrast
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph


class SimCLR(Contrast):
    """Views of one sample attract each other, views of different samples repel (Chen et al., 2020)."""

    joined: bool = True
    most_views: ClassVar[int | None] = None

    def make_head(self) -> nn.Module:
        """Batch norm after every layer, the last included."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term over the graph."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        return {"contrast": self.contrast(projections, projections, graph)}
