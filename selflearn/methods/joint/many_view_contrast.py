"""Many-view contrast: all views of a sample enter one term, so that no view is pulled several ways at once."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Gt
from torch import nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, mv_dhel, mv_info_nce


class ManyViewContrast(Joint):
    """Any number of views attract each other in one term a sample (Koromilas et al., 2025).

    Settings
    --------
    objective : "dhel" spreads samples within each view and aligns across views, apart from each other; "info-nce" has all other
        embeddings in one denominator.
    temperature : of the softmax.
    """

    joined: bool = True
    most_views: ClassVar[int | None] = None
    default_views: ClassVar[str] = "multicrop"

    objective: Literal["dhel", "info-nce"] = "dhel"
    temperature: Annotated[float, Gt(0)] = 0.2

    def make_head(self) -> nn.Module:
        """Batch norm after every layer, the last included, as SimCLR has it."""
        return mlp([self.encoder.dim, *self.projector], last_norm=True)

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges among the samples of one view: those of a sample's own views are a matter of the objective."""
        return super().positives(views[:1])

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term over all views."""
        projections: torch.Tensor = self.project_views(online)
        objective = mv_dhel if self.objective == "dhel" else mv_info_nce
        return {"contrast": objective(projections, self.temperature, graph)}
