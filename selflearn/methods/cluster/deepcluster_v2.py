"""DeepCluster-v2: after each pass all samples are clustered, and every view is classified by comparison with the centroids."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.methods.cluster.base import SelfLabelling
from selflearn.methods.options import Width
from selflearn.networks import mlp
from selflearn.targets import kmeans


class DeepClusterV2(SelfLabelling):
    """Spherical k-means over a memory of projections; its centroids are the classifier (Caron et al., 2018 and 2020).

    Nothing of the classifier is learned, so labels that change their numbers from one clustering to the next do no harm. Heads
    cluster the memories of the two large views in turn, each from other first centroids.

    Settings
    --------
    iterations : of k-means.
    samples, prototypes, heads, every, temperature : see `SelfLabelling`.
    """

    joined: bool = True
    least_large: ClassVar[int] = 2
    remembered: ClassVar[int] = 2

    heads: Width = 3
    iterations: Annotated[int, Gt(0)] = 10

    centroids: Tensor

    def build(self) -> None:
        """Add the centroids."""
        super().build()
        self.register_buffer("centroids", torch.zeros(self.heads, self.prototypes, self.projector[-1]))

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def logits(self, head: int, vectors: Tensor) -> Tensor:
        """(rows, prototypes) cosines with the head's centroids."""
        return F.normalize(vectors.float(), dim=1) @ self.centroids[head].T

    def find(self, head: int, vectors: Tensor) -> Tensor:
        """(rows,) int64 the nearest centroid of each."""
        generator = torch.Generator().manual_seed(int(self.rounds) * self.heads + head)
        labels, centroids = kmeans(vectors, self.prototypes, generator, self.iterations, spherical=True)
        self.centroids[head] = centroids
        return labels
