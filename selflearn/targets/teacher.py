"""A teacher: the exponential moving average of a student, never trained itself."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Teacher(nn.Module):
    """``teacher <- m * teacher + (1 - m) * student``, with ``m`` rising from `momentum` to `final` along half a cosine.

    Its batch norms use the batch's own statistics while training, as in BYOL and DINO; dropout and its like are off, as DINO
    has it. Buffers (running statistics) are the student's, copied at each step. Ranks replicate: equal students at equal
    progress make equal teachers.

    Parameters
    ----------
    student : copied; the copy needs no gradient.
    momentum : at the start, in [0, 1]: 1 is a teacher that never changes, 0 one that is the student of the step before.
    final : at the end of the budget, in [0, 1].

    Source: Grill et al., "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning", 2020.
    """

    def __init__(self, student: nn.Module, momentum: float = 0.996, final: float = 1.0) -> None:
        super().__init__()
        self.momentum, self.final = momentum, final
        self.average = copy.deepcopy(student).requires_grad_(False)
        self.train(self.training)

    @torch.no_grad()
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged network says, without a gradient."""
        return self.average(*args, **kwargs)

    def train(self, mode: bool = True) -> Teacher:
        """Batch norms follow `mode`; everything else stays as in evaluation."""
        super().train(mode)
        self.average.eval()
        for module in self.average.modules():
            if isinstance(module, _BatchNorm):
                module.train(mode)
        return self

    def momentum_at(self, progress: float) -> float:
        """The momentum when a share `progress` in [0, 1] of the budget is used."""
        return self.final + (self.momentum - self.final) * (1 + math.cos(math.pi * progress)) / 2

    @torch.no_grad()
    def follow(self, student: nn.Module, progress: float) -> None:
        """One step towards `student`, which must be built as the one that was copied."""
        averages: list[Tensor] = [weight for weight in self.average.parameters() if weight.numel()]
        weights: list[Tensor] = [weight for weight in student.parameters() if weight.numel()]
        torch._foreach_lerp_(averages, weights, 1 - self.momentum_at(progress))
        for mine, theirs in zip(self.average.buffers(), student.buffers(), strict=True):
            mine.copy_(theirs)
