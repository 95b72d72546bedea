"""ReSSL: what a sample is like, told by past samples, should not depend on the view; samples are not pushed apart."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, relation_cross_entropy
from selflearn.ranks import gathered
from selflearn.targets import Queue

Temperature = Annotated[float, Gt(0)]


class ReSSL(Distillation):
    """The student's relation to past samples follows its teacher's, which sees the first view, a weak one (Zheng et al., 2021).

    Until the queue is full relations are to the teacher's embeddings of the batch, each sample's own among them.

    Settings
    --------
    queue : past embeddings of the teacher to which samples are related.
    temperature : of the student.
    teacher_temperature : lower, which sharpens what it says.
    """

    gathers: ClassVar[bool] = False
    most_views: ClassVar[int | None] = None

    momentum: Share = 0.999
    final_momentum: Share = 0.999
    queue: Annotated[int, Gt(0)] = 16384
    temperature: Temperature = 0.1
    teacher_temperature: Temperature = 0.04

    def build(self) -> None:
        """Add the queue."""
        super().build()
        self.memory = Queue(self.queue, self.projector[-1])

    def make_head(self) -> nn.Module:
        """No norms, as in the authors' code."""
        return mlp([self.encoder.dim, *self.projector], norm=None)

    def sides(self, views: list[Batch]) -> tuple[list[Batch], list[Batch]]:
        """The first view to the teacher, the others to the student."""
        return views[1:], views[:1]

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """One term, the mean over the student's views."""
        (told,) = targets
        keys = F.normalize(gathered(told).float(), dim=1)
        past = self.memory.vectors()
        anchors = past if len(past) else keys
        terms = [
            relation_cross_entropy(self.project(features.pooled), told, anchors, self.temperature, self.teacher_temperature)
            for features in online
        ]
        self.memory.add(keys)
        return {"relation": torch.stack(terms).mean()}
