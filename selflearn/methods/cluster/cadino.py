"""Cluster-aware DINO: the student matches what its teacher says of all samples of its cluster that are in the batch."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Outcome
from selflearn.methods.joint.dino import DINO
from selflearn.ranks import gathered


class CADINO(DINO):
    """DINO after a clustering (Han, Chen and Qian, 2023).

    The authors draw the crops of a sample from several recordings of its cluster, so that positives differ in more than what a view
    can change. Cross-entropy is linear in its target, so the mean over such draws is the teacher's mean assignment of the cluster,
    which is taken here over the batch. A sample without a label has its own.

    Settings
    --------
    See `DINO`.
    """

    uses_labels: ClassVar[bool] = True

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """As DINO, with the clusters at hand."""
        self._clusters = views[0].labels
        return super().forward(views, generator)

    def assign(self, logits: Tensor) -> Tensor:
        """(batch, prototypes) the mean assignment of each sample's cluster."""
        every, clusters = gathered(super().assign(logits)), gathered(self._clusters)
        same = (self._clusters[:, None] == clusters[None, :]) & (self._clusters[:, None] >= 0)
        mean = same.to(every.dtype) @ every / same.sum(1, keepdim=True).clamp(min=1)
        return torch.where(self._clusters[:, None] >= 0, mean, super().assign(logits))
