"""Supervised contrast: samples of one label are positives too; without labels it is SimCLR with a plain projector."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Gt
from torch import nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, info_nce
from selflearn.targets import gathered


class SupCon(Joint):
    """Samples of one label attract each other; a sample without label attracts its own views (Khosla et al., 2020).

    Settings
    --------
    temperature : of the softmax over candidates.
    """

    uses_labels: ClassVar[bool] = True
    joined: bool = True
    most_views: ClassVar[int | None] = None

    temperature: Annotated[float, Gt(0)] = 0.1

    def make_head(self) -> nn.Module:
        """No norms, as in the authors' code."""
        return mlp([self.encoder.dim, *self.projector], norm=None)

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges of label, and of augmentation for samples without one."""
        labels = gathered(torch.cat([view.labels for view in views]))
        return super().positives(views).union(SimilarityGraph.of_labels(labels))

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term: InfoNCE over the graph."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        return {"contrast": info_nce(projections, projections, graph, self.temperature)}
