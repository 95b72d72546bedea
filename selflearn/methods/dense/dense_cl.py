"""DenseCL: momentum contrast of whole samples, and of places, each with the place of the other view that looks most like it."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt, MinLen
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.dense.tokens import TokenHead, mean_of, real_of, taken, tokens_of
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Share, Width
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, info_nce
from selflearn.ranks import gathered, rank, rank_weight
from selflearn.targets import Queue, Teacher


class DenseCL(Distillation):
    """Dense contrastive learning (Wang et al., 2021): which places belong together is told by the encoder's own features.

    A token's positive is the teacher's projection of that token of the other view whose features are nearest by angle. Its
    negatives are the mean projected tokens of other samples, of the batch and of a queue. Both views take both parts, where the
    authors' first asks and the second answers; keys of the batch's other samples are negatives too, so that it learns before the
    queue is full.

    Settings
    --------
    places : weight of the contrast of places; that of whole samples has the rest.
    temperature : of the softmax over keys.
    token_projector : widths of the layers behind each token.
    queue : past keys of either kind.
    samples : of the data set, which the queue must not outgrow; None takes them from the data.
    momentum, final_momentum : of the teacher; equal keeps it constant, as published.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"places"})
    gathers: ClassVar[bool] = False
    least_large: ClassVar[int] = 2

    projector: Annotated[list[Width], MinLen(1)] = [2048, 128]
    token_projector: Annotated[list[Width], MinLen(1)] = [2048, 128]
    places: Share = 0.5
    temperature: Annotated[float, Gt(0)] = 0.2
    queue: Annotated[int, Gt(0)] = 65536
    samples: Width | None = None
    momentum: Share = 0.999
    final_momentum: Share = 0.999

    def build(self) -> None:
        """Add the head of tokens, its teacher and the queues."""
        if self.samples is not None and self.queue > self.samples:
            raise RecipeError(
                f"DenseCL: a queue of {self.queue} would hold some of {self.samples} samples twice; lower it, such as --set "
                f"queue={max(1, self.samples // 2)}"
            )
        if self.chunk:
            raise RecipeError("DenseCL compares places, which encoding in chunks does not keep; set chunk to 0")
        super().build()
        self.token_head = TokenHead(mlp([self.encoder.dim, *self.token_projector]))
        self.teacher_encoder = Teacher(self.encoder, self.momentum, self.final_momentum)
        self.teacher_head = Teacher(self.head, self.momentum, self.final_momentum)
        self.teacher_token_head = Teacher(self.token_head, self.momentum, self.final_momentum)
        self.keys = Queue(self.queue, self.projector[-1])
        self.token_keys = Queue(self.queue, self.token_projector[-1])

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector])

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode with both, compare samples and places both ways; then the queues take the second view's keys."""
        self.check_views(views)
        self._watched = None
        online = encode(self.encoder, views, self.joined)
        with torch.no_grad():
            seen = encode(self.teacher_encoder, views, self.joined)
            targets = [gathered(self.teacher_head(features.pooled)) for features in seen]
            tokens = [self.teacher_token_head(tokens_of(features)) for features in seen]
            means = [
                gathered(mean_of(F.normalize(told.float(), dim=2), real_of(own))) for told, own in zip(tokens, seen, strict=True)
            ]
        both = [
            self.of_samples(online[asks], targets[other]) | self.of_places(online[asks], seen[other], tokens[other], means[other])
            for asks, other in ((0, 1), (1, 0))
        ]
        losses: Losses = {name: (both[0][name] + both[1][name]) / 2 for name in both[0]}
        self.keys.add(targets[1])
        self.token_keys.add(means[1])
        return Outcome(losses, self.watched(len(views[0])))

    def losses(self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph) -> Losses:  # type: ignore[override]
        """Not asked: `forward` compares samples and places itself."""
        raise NotImplementedError

    def of_samples(self, asking: Features, keys: Tensor) -> Losses:
        """Each sample must find the teacher's key of its other view among those of all samples and the queue."""
        queries = self.project(asking.pooled)
        others = self.keys.vectors()
        own = torch.arange(len(queries), device=queries.device) + rank() * len(queries)
        graph = SimilarityGraph.own_key(own, len(keys) + len(others))
        contrast = info_nce(queries, torch.cat([keys.to(others.dtype), others]), graph, self.temperature)
        return {"samples": (1 - self.places) * contrast}

    def of_places(self, asking: Features, seen: Features, tokens: Tensor, means: Tensor) -> Losses:
        """Each token must find the projection of the token that looks most like it, among mean tokens of other samples."""
        features, real = tokens_of(asking), real_of(asking)
        alike = F.normalize(features.detach().float(), dim=2) @ F.normalize(tokens_of(seen).float(), dim=2).transpose(1, 2)
        match = alike.masked_fill(~real_of(seen)[:, None], -2.0).argmax(2)
        queries = self.token_head(features)[real]
        positives = taken(tokens, match)[real]
        sample = (torch.arange(len(real), device=real.device) + rank() * len(real))[:, None].expand_as(real)[real]
        others = self.token_keys.vectors()
        keys = torch.cat([positives.float(), means, others])
        contrast = info_nce(queries, keys, own_positive(sample, len(keys)), self.temperature)
        return {"places": self.places * contrast * rank_weight(real.sum())}

    def after_update(self, progress: float) -> None:
        """The teachers move."""
        super().after_update(progress)
        self.teacher_token_head.follow(self.token_head, progress)


def own_positive(sample: Tensor, keys: int) -> SimilarityGraph:
    """Keys are one positive a row, then one of each sample, then others: a row's negatives are other samples' and the others."""
    rows_in_all = len(sample)
    place = torch.arange(keys, device=sample.device)

    def draw(rows: slice) -> tuple[Tensor, Tensor]:
        mine = torch.arange(rows_in_all, device=sample.device)[rows, None]
        itself = place[None, :] == rows_in_all + sample[rows, None]
        return (place[None, :] == mine).float(), ((place[None, :] < rows_in_all) & (place[None, :] != mine)) | itself

    return SimilarityGraph.drawn((rows_in_all, keys), draw)
