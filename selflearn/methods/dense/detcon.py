"""DetCon: contrast of segments: the mean of a segment's tokens must find the same segment of the same sample in another view."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Outcome
from selflearn.methods.dense.tokens import mean_of, places_of, real_of, tokens_of
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.encoding import encode
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, info_nce
from selflearn.ranks import gathered, latest
from selflearn.views.segments import segments_at


class DetCon(Joint):
    """Contrastive detection (Henaff et al., 2021), in its form without a teacher (DetCon-S).

    Segments are found in the raw sample, without learning, by the views called "segmented"; places of tokens tell which segment
    each is in. Negatives are all other segments, those of the same sample too.

    Settings
    --------
    temperature : of the softmax over segments.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"places"})
    default_views: ClassVar[str] = "segmented"

    temperature: Annotated[float, Gt(0)] = 0.1

    def build(self) -> None:
        """Make the projector."""
        if self.chunk:
            raise RecipeError("DetCon compares places, which encoding in chunks does not keep; set chunk to 0")
        super().build()

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, take the mean of each segment, project, contrast."""
        self.check_views(views)
        if any("segments" not in view.changes for view in views):
            raise RecipeError("DetCon compares segments, which these views do not have: --set views=segmented")
        self._watched = None
        online = encode(self.encoder, views, self.joined)
        count = 1 + int(latest(*(float(view.changes["segments"].max()) for view in views[:1]))[0])
        found = [self.means(view, features, count) for view, features in zip(views, online, strict=True)]
        told = self.project(torch.cat([means.flatten(0, 1) for means, _ in found]))
        losses = {"segments": self.of_segments(told, [there for _, there in found], self.own(views[0]))}
        return Outcome(losses, self.watched(len(views[0]) * count).unflatten(0, (-1, count)).mean(1))

    def losses(self, online: list[Features], graph: SimilarityGraph) -> dict[str, Tensor]:
        """Not asked: `forward` compares segments itself."""
        raise NotImplementedError

    def means(self, view: Batch, features: Features, count: int) -> tuple[Tensor, Tensor]:
        """(batch, segments, dim) the mean token of each segment, and (batch, segments) bool, whether the view shows any of it.

        A segment that is not there stands for the whole view, so that all ranks have equally many; it is compared with nothing.
        """
        tokens, real = tokens_of(features), real_of(features)
        labels = segments_at(view.changes["segments"], places_of(self.encoder, view, features))
        members = F.one_hot(labels, count).to(tokens.dtype) * real[..., None]
        sizes = members.sum(1)
        there = sizes > 0
        means = members.transpose(1, 2) @ tokens / sizes.clamp(min=1)[..., None]
        return torch.where(there[..., None], means, mean_of(tokens, real)[:, None]), there

    def of_segments(self, told: Tensor, there: list[Tensor], own: Tensor) -> Tensor:
        """Contrast among the segments that are seen, of all ranks."""
        segments = there[0].shape[1]
        number = own[:, None] * segments + torch.arange(segments, device=own.device)
        labels = gathered(torch.cat([number.flatten()] * len(there)))
        seen = gathered(torch.cat([each.flatten() for each in there]).long()).bool()
        rows = told[seen]
        return info_nce(rows, rows, SimilarityGraph.of_labels(labels[seen]), self.temperature)
