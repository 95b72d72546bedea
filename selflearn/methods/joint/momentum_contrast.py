"""Contrast with a momentum encoder and a push apart: positives are the teacher's views of a sample, or of all of its group."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, info_nce, koleo
from selflearn.ranks import gathered, rank, world
from selflearn.targets import Teacher


class MomentumContrast(Distillation):
    """The student finds, among the teacher's embeddings of the other view, those of the same sample or group.

    With ``same: group`` it is the training of Abbaspourazad et al. (2024): two segments of one participant are a positive pair, the
    contrast has a momentum encoder on its other side, and KoLeo keeps embeddings apart. They draw two segments of each participant;
    here all that a batch holds of a participant are positives, and a sample's own other view is one too.

    Settings
    --------
    temperature : of the softmax over the teacher's embeddings.
    spread : weight of KoLeo on the student's projections.
    final_momentum : of the teacher at the end; equal to `momentum` keeps it constant, as published.
    """

    joined: bool = False

    temperature: Annotated[float, Gt(0)] = 0.1
    spread: Annotated[float, Ge(0)] = 0.1
    momentum: Share = 0.99
    final_momentum: Share = 0.99

    least_large: ClassVar[int] = 2

    def build(self) -> None:
        """Teachers of encoder and projector whose momentum ends where the setting says."""
        super().build()
        self.teacher_encoder = Teacher(self.encoder, self.momentum, self.final_momentum)
        self.teacher_head = Teacher(self.head, self.momentum, self.final_momentum)

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, the last layer plain."""
        return mlp([self.encoder.dim, *self.projector])

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges of sample or group across views; within a view pairs are neither positive nor negative."""
        graph = super().positives(views)
        number = gathered(torch.arange(len(views), device=views[0].device).repeat_interleave(len(views[0])))
        return graph.apart(number)

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """Contrast both ways, and KoLeo of each view."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        losses = {"contrast": info_nce(projections, gathered(torch.cat(targets)), graph, self.temperature)}
        if self.spread:
            own = projections.chunk(world())[rank()]  # neighbours are looked for among this rank's rows, as DINOv2 does
            losses["spread"] = self.spread * torch.stack([koleo(view) for view in own.chunk(len(online))]).mean()
        return losses
