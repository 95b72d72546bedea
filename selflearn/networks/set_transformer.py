"""A transformer over the points of a task, without positions: their order tells nothing, and all attend to the context alone.

Mueller et al., "Transformers Can Do Bayesian Inference", 2022. Here one learned token belongs to every context, so that an empty
one can be attended to; it ends as the summary of the task.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.tasks.batch import TaskBatch
from selflearn.data.tasks.spec import TaskSpec
from selflearn.errors import RecipeError
from selflearn.networks.alignment import REGRESSIONS, aligned, by_frequency
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Answers, Features, TokenMask
from selflearn.networks.standardise import Standardise
from selflearn.networks.transformer import Transformer

FARTHEST = 4.0
"""Inputs that are standardised by their context are cut off so many deviations away: few rows do not tell how far a tail goes."""


class SetTransformer(Encoder):
    """Points to answers.

    A point is its input and, where it is known, its target. `Features.pooled` is the summary of the context.

    Parameters
    ----------
    spec : a task spec.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    align : whether tasks whose scale is their own are brought into one form first (`alignment`); where the prior's is fixed, never.
    """

    capabilities = frozenset({"answers"})
    spec: TaskSpec
    borders: Tensor

    def __init__(self, spec: TaskSpec, width: int, depth: int, heads: int, align: bool = True) -> None:
        super().__init__()
        self.spec, self.dim = spec, width
        self.settings = {"width": width, "depth": depth, "heads": heads, "align": align}
        self.standardise = Standardise(spec.mean, spec.std, axes=0) if spec.mean else None
        self.aligns = align and not spec.mean
        inputs = spec.features + (len(REGRESSIONS) * max(spec.classes, 1) if self.aligns else 0)
        self.point = nn.Sequential(nn.Linear(inputs, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.known: nn.Module = nn.Embedding(spec.classes, width) if spec.classes else nn.Linear(1, width)
        self.start = nn.Parameter(width**-0.5 * torch.randn(1, 1, width))
        self.transformer = Transformer(width, depth, heads)
        self.answer = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, spec.outputs))
        self.register_buffer("borders", torch.tensor(spec.borders, dtype=torch.float32), persistent=False)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        tasks = self._checked(batch, mask)
        targets = self._places(tasks).gather(1, tasks.targets.clamp_min(0)) if self.spec.classes else tasks.targets
        tokens = self.point(self._inputs(tasks, targets))
        told = self.known(targets if self.spec.classes else targets[..., None])
        tokens = tokens + torch.where(tasks.asked[..., None], 0.0, told)
        whole = torch.cat([self.start.expand(len(tasks), -1, -1).to(tokens.dtype), tokens], dim=1)
        output, outputs = self.transformer(whole, *self._attended(tasks))
        return Features(output[:, 0], output[:, 1:], tuple(each[:, 1:] for each in outputs) if layers else ())

    def answers(self, batch: Batch) -> Answers:
        tasks = self._checked(batch, None)
        features = self(tasks)
        logits, borders = self.answer(features.tokens), self.borders
        if not self.spec.classes:
            return Answers(logits, tasks.targets, tasks.asked, borders, features.pooled)
        logits = logits.gather(2, self._places(tasks)[:, None].expand_as(logits))
        return Answers(logits, tasks.targets, tasks.asked, None, features.pooled)

    def _places(self, tasks: TaskBatch) -> Tensor:
        """(batch, classes) the number under which the network knows each class of a task."""
        if self.aligns:
            return by_frequency(tasks.targets, tasks.context, self.spec.classes)
        return torch.arange(self.spec.classes, device=tasks.device).expand(len(tasks), -1)

    def _inputs(self, tasks: TaskBatch, targets: Tensor) -> Tensor:
        """(batch, points, numbers) what the network sees of inputs: scaled, and brought into one form where it aligns."""
        values = self._scaled(tasks)
        if not self.aligns:
            return values
        with torch.no_grad():
            wanted = nn.functional.one_hot(targets, self.spec.classes) if self.spec.classes else targets[..., None]
            return torch.cat(aligned(values, wanted.to(values.dtype), tasks.context), dim=2)

    def _attended(self, tasks: TaskBatch) -> tuple[Tensor | None, int]:
        """Of the first so many tokens, which may be attended to: (batch, tokens) bool, or None for all of them."""
        most, least = int(tasks.context.max()), int(tasks.context.min())
        if most == least:
            return None, most + 1
        return torch.arange(most + 1, device=tasks.device) <= tasks.context[:, None], most + 1

    def _scaled(self, tasks: TaskBatch) -> Tensor:
        """Inputs at mean 0 and deviation 1: the prior's, or those of each task's own context.

        In the latter case features that do not vary there are 0, and the others are scaled up as if all were used, for a sum of few
        would be small.
        """
        if self.standardise is not None:
            scaled: Tensor = self.standardise(tasks.values.flatten(0, 1))
            return scaled.view_as(tasks.values)
        known = (~tasks.asked).to(tasks.values.dtype)[..., None]
        count = known.sum(1, keepdim=True).clamp_min(1)
        mean = (tasks.values * known).sum(1, keepdim=True) / count
        deviation = (((tasks.values - mean) * known).square().sum(1, keepdim=True) / count).sqrt()
        varies = deviation > 1e-6 * (1 + mean.abs())
        scaled = torch.where(varies, (tasks.values - mean) / deviation.clamp_min(1e-12), 0.0).clamp(-FARTHEST, FARTHEST)
        return scaled * (self.spec.features / varies.sum(2, keepdim=True).clamp_min(1)).sqrt()

    def _checked(self, batch: Batch, mask: TokenMask | None) -> TaskBatch:
        if not isinstance(batch, TaskBatch):
            raise RecipeError(f"a set transformer reads tasks, not a {type(batch).__name__}")
        if mask is not None:
            raise RecipeError("a set transformer hides targets, which its batch tells, and no tokens")
        if batch.values.shape[2] != self.spec.features:
            raise RecipeError(f"this encoder reads points of {self.spec.features} features, not {batch.values.shape[2]}")
        return batch
