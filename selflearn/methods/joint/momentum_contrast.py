"""Contrast with a momentum encoder: MoCo's queue, MoCo v3's predictor, and a push apart, as settings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from annotated_types import Ge
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses
from selflearn.methods.joint.contrast import Contrast
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, koleo
from selflearn.ranks import gathered
from selflearn.targets import Queue


class MomentumContrast(Contrast, Distillation):
    """The student finds, among the teacher's embeddings of the other view, those of the same sample or group.

    With a queue and one side it is MoCo (He et al., 2020; Chen et al., 2020b), with a predictor and both sides MoCo v3 (Chen et
    al., 2021). The batch's other keys are candidates beside those of the queue: they are all there is while it fills.

    With ``same: group`` it is the training of Abbaspourazad et al. (2024): two segments of one participant are a positive pair, the
    contrast has a momentum encoder on its other side, and KoLeo keeps embeddings apart. They draw two segments of each participant;
    here all that a batch holds of a participant are positives, and a sample's own other view is one too.

    Settings
    --------
    spread : weight of KoLeo on the student's projections.
    queue : past embeddings of the teacher that are candidates too; 0 is none.
    predictor : width of the hidden layer of a predictor on the student's side; 0 is no predictor.
    symmetric : each view is looked for from the other; otherwise the teacher sees the first alone and the student the second.
    norms : which layers of projector and predictor have a batch norm: the "hidden" ones, "all" (the last without scale and shift),
        or "none".
    """

    gathers: ClassVar[bool] = False  # by hand, so that a predictor works on a rank's own rows
    least_large: ClassVar[int] = 2

    joined: bool = False
    momentum: Share = 0.99
    final_momentum: Share = 0.99

    spread: Annotated[float, Ge(0)] = 0.1
    queue: Annotated[int, Ge(0)] = 0
    predictor: Annotated[int, Ge(0)] = 0
    symmetric: bool = True
    norms: Literal["hidden", "all", "none"] = "hidden"

    def build(self) -> None:
        """Add predictor and queue, where asked for."""
        if self.queue and self.same == "group":
            raise RecipeError(
                "a queue remembers no groups, and would hold a group's own samples against it: queue: 0, or same: sample"
            )
        super().build()
        width = self.projector[-1]
        self.predict = self.layers([width, self.predictor, width]) if self.predictor else nn.Identity()
        self.memory = Queue(self.queue, width) if self.queue else None

    def make_head(self) -> nn.Module:
        """Norms as the setting says."""
        return self.layers([self.encoder.dim, *self.projector])

    def layers(self, sizes: list[int]) -> nn.Module:
        """A head of these widths."""
        last = self.norms == "all"
        return mlp(sizes, norm=None if self.norms == "none" else "batch", last_norm=last, last_affine=not last)

    def sides(self, views: list[Batch]) -> tuple[list[Batch], list[Batch]]:
        """Both views to both, or one to each."""
        return super().sides(views) if self.symmetric else (views[1:], views[:1])

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges from what the student sees to what the teacher sees."""
        if self.symmetric:
            return self.across(views)
        own = gathered(self.own(views[0]))
        return SimilarityGraph.across(own, own)

    def losses(  # type: ignore[override]
        self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph
    ) -> Losses:
        """Contrast, and KoLeo of each view of this rank's samples: neighbours are looked for among them, as DINOv2 does."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        keys = gathered(torch.cat(targets))
        past = keys[:0] if self.memory is None else self.memory.vectors()
        queries = gathered(self.predict(projections))
        losses = {"contrast": self.contrast(queries, torch.cat([keys, past]), graph.beside(len(past)))}
        if self.memory is not None:
            self.memory.add(F.normalize(keys.float(), dim=1))
        if self.spread:
            losses["spread"] = self.spread * torch.stack([koleo(view) for view in projections.chunk(len(online))]).mean()
        return losses
