"""DINO: the student matches its teacher's centred and sharpened assignment of every other view."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.methods.base import Losses
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, assignment_cross_entropy
from selflearn.targets import Centre, Prototypes, Ramp

Temperature = Annotated[float, Gt(0)]


class DINO(Distillation):
    """Self-distillation without labels over large and small views (Caron et al., 2021).

    Settings
    --------
    prototypes : number of outputs behind the projector's bottleneck.
    temperature : of the student.
    teacher_temperature : of the teacher, after its warm-up; lower is sharper, and sharpness works against uniform collapse.
    warmup_temperature : of the teacher at the beginning.
    warmup_share : share of the budget over which the teacher's temperature moves.
    centre_momentum : of the running mean that works against collapse to one output.
    frozen : share of the budget during which the last layer stands still.
    """

    joined: bool = True
    gathers: ClassVar[bool] = False
    most_views: ClassVar[int | None] = None
    least_large: ClassVar[int] = 2  # one of them must be another view than the student's

    prototypes: Annotated[int, Gt(1)] = 65536
    temperature: Temperature = 0.1
    teacher_temperature: Temperature = 0.04
    warmup_temperature: Temperature = 0.04
    warmup_share: Share = 0.0
    centre_momentum: Share = 0.9
    frozen: Share = 0.01

    def build(self) -> None:
        """Add the centre and the teacher's temperature."""
        super().build()
        self.centre = Centre(self.prototypes, self.centre_momentum)
        self.sharpness = Ramp(self.warmup_temperature, self.teacher_temperature, self.warmup_share)

    def make_head(self) -> nn.Module:
        """No norms, a bottleneck, and the prototypes behind it."""
        bottleneck = mlp([self.encoder.dim, *self.projector], norm=None, activation="gelu")
        return nn.Sequential(bottleneck, Prototypes(self.projector[-1], self.prototypes, self.frozen))

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """One term, the mean over pairs of a teacher's and another student's view. The centre follows afterwards, as published."""
        students = self.project_views(online) / self.temperature
        teachers = [self.assign(logits) for logits in targets]
        losses = [
            assignment_cross_entropy(teacher, student)
            for number, teacher in enumerate(teachers)
            for other, student in enumerate(students)
            if other != number
        ]
        self.centre.follow(torch.cat(targets))
        return {"assignment": torch.stack(losses).mean()}

    def assign(self, logits: Tensor) -> Tensor:
        """(batch, prototypes) the teacher's centred and sharpened assignment."""
        return (self.centre(logits.float()) / self.sharpness.value).softmax(1)

    def after_update(self, progress: float) -> None:
        """The teacher moves, its temperature too, and the last layer is released when it is time."""
        for module in self.head.modules():
            if isinstance(module, Prototypes):
                module.follow(progress)
        super().after_update(progress)
        self.sharpness.follow(progress)
