"""NNCLR: a view's positive is not the view itself but the past sample most like it."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.contrast import Contrast
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph
from selflearn.ranks import gathered
from selflearn.targets import Queue


class NNCLR(Contrast):
    """The nearest neighbour of one view, from a queue of past samples, finds the prediction of the other (Dwibedi et al., 2021).

    Until the queue is full the view stands for itself, and no gradient goes through it.

    Settings
    --------
    queue : past samples among which neighbours are looked for.
    predictor : width of the predictor's hidden layer.
    """

    gathers: ClassVar[bool] = False  # by hand: a rank looks for the neighbours of its own rows

    queue: Annotated[int, Gt(0)] = 16384
    predictor: Annotated[int, Gt(0)] = 4096

    def build(self) -> None:
        """Add predictor and queue."""
        super().build()
        width = self.projector[-1]
        self.predict = mlp([width, self.predictor, width])
        self.memory = Queue(self.queue, width)

    def make_head(self) -> nn.Module:
        """Batch norm after every layer, the last included."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True)

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges from neighbours of one view to predictions of the other."""
        return self.across(views)

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term, both ways."""
        projections = [self.project(features.pooled) for features in online]
        neighbours = torch.cat([self.memory.nearest(each) for each in projections])
        predictions = torch.cat([self.predict(each) for each in projections])
        loss = self.contrast(gathered(neighbours), gathered(predictions), graph)
        self.memory.add(F.normalize(gathered(projections[0].detach()).float(), dim=1))
        return {"contrast": loss}
