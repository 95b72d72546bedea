"""SwAV: each large view's assignment to prototypes, made fair by Sinkhorn, is predicted from every other view."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from selflearn.errors import RecipeError
from selflearn.methods.base import Losses
from selflearn.methods.joint.base import Joint
from selflearn.methods.options import Share
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, assignment_cross_entropy
from selflearn.ranks import world
from selflearn.targets import Prototypes, Queue, sinkhorn


class SwAV(Joint):
    """Views of one sample swap their cluster assignments (Caron et al., 2020).

    Settings
    --------
    prototypes : number of clusters.
    temperature : of the predicted assignment.
    epsilon : softness of the Sinkhorn assignment.
    iterations : of Sinkhorn.
    frozen : share of the budget during which the prototypes stand still.
    queue : past projections that help to assign a small batch, for each of the two large views; 0 is none.
    queue_after : share of the budget after which the queue begins to fill.
    """

    joined: bool = True
    most_views: ClassVar[int | None] = None
    least_large: ClassVar[int] = 2  # those whose assignments are predicted

    prototypes: Annotated[int, Gt(1)] = 3000
    temperature: Annotated[float, Gt(0)] = 0.1
    epsilon: Annotated[float, Gt(0)] = 0.05
    iterations: Annotated[int, Gt(0)] = 3
    frozen: Share = 0.0
    queue: Annotated[int, Ge(0)] = 0
    queue_after: Share = 0.1

    def build(self) -> None:
        """Add the prototypes and, if asked for, a queue for each large view."""
        super().build()
        width = self.projector[-1]
        self.clusters = Prototypes(width, self.prototypes, self.frozen)
        self.queues = nn.ModuleList(Queue(self.queue, width, self.queue_after) for _ in range(2 if self.queue else 0))

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """Refuse more prototypes than samples: equal shares would be less than one sample each."""
        super().check_batch(samples, steps)
        if world() * samples + self.queue < self.prototypes:
            raise RecipeError(
                f"SwAV cannot share {world() * samples} samples and {self.queue} queued ones among {self.prototypes} prototypes; "
                f"raise batch or queue, or lower prototypes"
            )

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term: every view predicts the assignments of the first two views but its own."""
        projections = self.project_views(online)
        logits = self.clusters(projections)
        losses = []
        for assigned in range(2):
            assignments = self.assign(projections[assigned].detach(), logits[assigned].detach(), assigned)
            others = (view for number, view in enumerate(logits) if number != assigned)
            losses.append(torch.stack([assignment_cross_entropy(assignments, view / self.temperature) for view in others]).mean())
        return {"assignment": torch.stack(losses).mean()}

    def assign(self, projections: Tensor, logits: Tensor, number: int) -> Tensor:
        """(batch, prototypes) fair assignments of one view, found together with what its queue remembers."""
        if not self.queue:
            return sinkhorn(logits, self.epsilon, self.iterations)
        queue = cast(Queue, self.queues[number])
        remembered = self.clusters(queue.vectors()).detach()
        queue.add(projections)
        return sinkhorn(torch.cat([remembered, logits]), self.epsilon, self.iterations)[len(remembered) :]

    def after_update(self, progress: float) -> None:
        """Release the prototypes and open the queues when it is time."""
        self.clusters.follow(progress)
        for queue in self.queues:
            cast(Queue, queue).follow(progress)
