"""Self-labelling: a memory keeps what was last said of each sample, labels are found in it, and every view must tell its own."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, cast

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Width
from selflearn.ranks import rank_weight, world
from selflearn.targets import Memory


class SelfLabelling(Joint):
    """Base of self-labelling: write `logits` and `find`.

    Labels are found after the first pass over the data, which only fills the memory (nothing is learned in it, so a budget must
    allow for more than one pass), and again after every few passes. All of it is state in buffers: a sample has its place in memory
    by its position in the data set. Ranks hold the same memory and find the same labels.

    Class attributes
    ----------------
    remembered : of how many large views the projections are kept, each in a memory of its own; heads take them in turn.

    Settings
    --------
    samples : how many the data set has; None takes them from the data.
    prototypes : how many labels there are.
    heads : how many times labels are found, each time other ones; the loss is the mean over them.
    every : passes over the data from one time to the next.
    temperature : of the softmax over labels.
    """

    gathers: ClassVar[bool] = False
    most_views: ClassVar[int | None] = None
    remembered: ClassVar[int] = 1

    samples: Width | None = None
    prototypes: Annotated[int, Gt(1)] = 3000
    heads: Width = 1
    every: Annotated[float, Gt(0)] = 1.0
    temperature: Annotated[float, Gt(0)] = 0.1

    labels: Tensor
    written: Tensor
    rounds: Tensor

    def build(self) -> None:
        """Add the memories and the labels, which nobody knows yet."""
        name = type(self).__name__
        if self.samples is None:
            raise RecipeError(f"{name} keeps something of every sample: set samples to the number of them, as a plan does")
        if self.samples < self.prototypes:
            raise RecipeError(f"{name} cannot share {self.samples} samples among {self.prototypes} prototypes; lower prototypes")
        super().build()
        width = self.projector[-1] if self.projector else self.encoder.dim
        self.memories = nn.ModuleList(Memory(self.samples, width) for _ in range(self.remembered))
        self.register_buffer("labels", torch.full((self.heads, self.samples), -1))
        self.register_buffer("written", torch.tensor(0))
        self.register_buffer("rounds", torch.tensor(0))

    @abstractmethod
    def logits(self, head: int, vectors: Tensor) -> Tensor:
        """(rows, prototypes) what a head says of (rows, projection) vectors, before the temperature."""

    @abstractmethod
    def find(self, head: int, vectors: Tensor) -> Tensor:
        """(rows,) int64 labels among the (rows, projection) vectors of all samples that are known."""

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, project, remember, find labels where it is time, tell them."""
        self.check_views(views)
        self._watched = None
        projections = self.project_views(encode(self.encoder, views, self.joined, self.chunk))
        if self.training:
            self.remember(views[0].index, projections)
        return Outcome(self.losses(projections, self.labels[:, views[0].index]), self.watched(len(views[0])))

    def losses(self, projections: Tensor, labels: Tensor) -> Losses:  # type: ignore[override]
        """One term: cross-entropy of each view's label, mean over known labels, views and heads.

        Parameters
        ----------
        projections : (views, batch, projection).
        labels : (heads, batch), -1 where not known yet.
        """
        rows, views = projections.flatten(0, 1), len(projections)
        told = []
        for head, own in enumerate(labels):
            logits = self.logits(head, rows).float() / self.temperature
            told.append(F.cross_entropy(logits, own.repeat(views), ignore_index=-1, reduction="sum"))
        known = (labels[0] >= 0).sum()
        return {"label": torch.stack(told).mean() / (views * known.clamp(min=1)) * rank_weight(known)}

    @torch.no_grad()
    def remember(self, index: Tensor, projections: Tensor) -> None:
        """Keep what is said of these samples; find labels anew where all have had time to be written."""
        for memory, own in zip(self.memories, projections, strict=False):
            cast(Memory, memory).write(index, own)
        self.written += len(index) * world()
        passes = self.every if self.rounds else min(1.0, self.every)
        known = cast(Memory, self.memories[0]).known
        if self.written >= passes * len(known) and known.sum() >= self.prototypes:
            with torch.autocast(index.device.type, enabled=False):
                for head in range(self.heads):
                    vectors = cast(Memory, self.memories[head % self.remembered]).vectors[known]
                    self.labels[head, known] = self.find(head, vectors)
            self.rounds += 1
            self.written.zero_()
