"""What methods that compare samples share: the three ways to tell a row's positives from its negatives, and edges across views."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.joint.base import Joint
from selflearn.objectives import SimilarityGraph, info_nce, pairwise_sigmoid
from selflearn.ranks import gathered


class Contrast(Joint):
    """Base of contrasts: call `contrast` in `losses`.

    Settings
    --------
    objective : "softmax": each row finds its positives among all candidates (InfoNCE). "decoupled": the same, with negatives alone
        under the logarithm, for small batches (Yeh et al., 2022). "sigmoid": each pair is asked by itself, with a scale and a bias
        that learn (Zhai et al., 2023).
    temperature : of the softmax over candidates; lower weighs the nearest negatives more. The sigmoid's scale begins at its
        inverse.
    bias : where the sigmoid's bias begins; far below zero, for most pairs do not belong together.
    """

    objective: Literal["softmax", "decoupled", "sigmoid"] = "softmax"
    temperature: Annotated[float, Gt(0)] = 0.1
    bias: float = -10.0

    def build(self) -> None:
        """Add what the sigmoid learns. One number each, but with an axis: sharded training takes no scalars."""
        super().build()
        if self.objective == "sigmoid":
            self.log_scale = nn.Parameter(torch.tensor([-math.log(self.temperature)]))
            self.offset = nn.Parameter(torch.tensor([self.bias]))

    def contrast(self, queries: Tensor, keys: Tensor, graph: SimilarityGraph) -> Tensor:
        """Scalar: how badly the rows of `queries` find their positives among those of `keys`, both of all ranks."""
        if self.objective == "sigmoid":
            return pairwise_sigmoid(queries, keys, graph, self.log_scale.exp(), self.offset)
        return info_nce(queries, keys, graph, self.temperature, decoupled=self.objective == "decoupled")

    def across(self, views: list[Batch]) -> SimilarityGraph:
        """Edges of sample or group across views; within a view pairs are neither positive nor negative."""
        number = torch.arange(len(views), device=views[0].device).repeat_interleave(len(views[0]))
        return Joint.positives(self, views).apart(gathered(number))
