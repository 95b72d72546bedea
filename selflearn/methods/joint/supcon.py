"""Supervised contrast: samples of one label are positives too; without labels it is SimCLR with a plain projector."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from selflearn.data.batch import Batch
from selflearn.methods.joint.simclr import SimCLR
from selflearn.networks import mlp
from selflearn.objectives import SimilarityGraph
from selflearn.ranks import gathered


class SupCon(SimCLR):
    """Samples of one label attract each other; a sample without label attracts its own views (Khosla et al., 2020)."""

    uses_labels: ClassVar[bool] = True

    def make_head(self) -> nn.Module:
        """No norms, as in the authors' code."""
        return mlp([self.encoder.dim, *self.projector], norm=None)

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges of label, and of augmentation for samples without one."""
        labels = gathered(torch.cat([view.labels for view in views]))
        return super().positives(views).union(SimilarityGraph.of_labels(labels))
