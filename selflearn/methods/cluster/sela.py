"""SeLa: labels are shared out equally among all samples by optimal transport, and the network learns to tell them."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.cluster.base import SelfLabelling
from selflearn.methods.options import Width
from selflearn.targets import sinkhorn


class SeLa(SelfLabelling):
    """Self-labelling with as many samples for each label (Asano et al., 2020).

    Labels minimise the same cross-entropy that the network is trained by, on the condition that each is used equally often:
    Sinkhorn over the whole data set. What classifiers say of all samples is told by the classifiers as they are now, from features
    as they were when each sample was last seen, where the authors encode all samples anew.

    Settings
    --------
    sharpness : the authors' lambda: how near assignments come to hard ones.
    iterations : of Sinkhorn.
    samples, prototypes, heads, every, temperature : see `SelfLabelling`.
    """

    projector: list[Width] = []
    temperature: Annotated[float, Gt(0)] = 1.0
    sharpness: Annotated[float, Gt(0)] = 25.0
    iterations: Annotated[int, Gt(0)] = 100

    def build(self) -> None:
        """Add a linear classifier for each head."""
        super().build()
        width = self.projector[-1] if self.projector else self.encoder.dim
        self.classifiers = nn.ModuleList(nn.Linear(width, self.prototypes) for _ in range(self.heads))

    def check_views(self, views: list[Batch]) -> None:
        """One view is enough: it is compared with a label."""
        if len(views) > 1:
            super().check_views(views)

    def logits(self, head: int, vectors: Tensor) -> Tensor:
        """(rows, prototypes) of the head's classifier."""
        told: Tensor = self.classifiers[head](vectors)
        return told

    def find(self, head: int, vectors: Tensor) -> Tensor:
        """(rows,) int64 the label with the largest share of each sample."""
        logarithms = (self.logits(head, vectors) / self.temperature).log_softmax(1)
        return sinkhorn(logarithms, 1 / self.sharpness, self.iterations).argmax(1)
