"""SimCLR: the other view of a sample is told from all other samples of the batch."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Gt
from torch import nn

from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, info_nce


class SimCLR(Joint):
    """Views of one sample attract each other, views of different samples repel (Chen et al., 2020).

    Settings
    --------
    temperature : of the softmax over candidates; lower weighs the nearest negatives more.
    """

    joined: bool = True
    most_views: ClassVar[int | None] = None

    temperature: Annotated[float, Gt(0)] = 0.1

    def make_head(self) -> nn.Module:
        """Batch norm after every layer, the last included."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term: InfoNCE over the graph."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        return {"contrast": info_nce(projections, projections, graph, self.temperature)}
