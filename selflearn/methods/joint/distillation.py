"""Teacher and student: the student predicts what its own moving average says of other views."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Share
from selflearn.networks import Features
from selflearn.objectives import SimilarityGraph
from selflearn.targets import Teacher


class Distillation(Joint):
    """Base of self-distillation: write `losses`.

    Settings
    --------
    momentum : of the teacher at the start.
    final_momentum : at the end, which it reaches along half a cosine; equal to `momentum` keeps it constant.
    """

    momentum: Share = 0.996
    final_momentum: Share = 1.0

    def build(self) -> None:
        """Make the projector, then the teacher's copies of encoder and projector."""
        super().build()
        self.teacher_encoder = Teacher(self.encoder, self.momentum, self.final_momentum)
        self.teacher_head = Teacher(self.head, self.momentum, self.final_momentum)

    @abstractmethod
    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """Named scalars to minimise.

        Parameters
        ----------
        online : what the student's encoder says of each view it sees, large views first.
        targets : (batch, projection) what the teacher's projector says of each view it sees, without a gradient.
        graph : positives among the samples of all views.
        """

    def sides(self, views: list[Batch]) -> tuple[list[Batch], list[Batch]]:
        """Which views the student sees, and which the teacher: here all, and the large ones (scope "global")."""
        return views, [view for view in views if view.scope == "global"]

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode with both, project with both, compare."""
        self.check_views(views)
        self._watched = None
        seen, told = self.sides(views)
        targets = [self.teacher_head(features.pooled) for features in encode(self.teacher_encoder, told, self.joined, self.chunk)]
        losses = self.losses(encode(self.encoder, seen, self.joined, self.chunk), targets, self.positives(views))
        return Outcome(losses, self.watched(len(views[0])))

    def after_update(self, progress: float) -> None:
        """The teacher moves towards the student."""
        self.teacher_encoder.follow(self.encoder, progress)
        self.teacher_head.follow(self.head, progress)
