"""SlotCon: places are grouped by learned prototypes; groups agree with a teacher's place by place, and as wholes by contrast."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt, MinLen
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.dense.tokens import apart, mean_of, of_each, places_of, real_of, taken, tokens_of
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Share, Width
from selflearn.networks import Features, PrototypeLayer, mlp
from selflearn.objectives import SimilarityGraph, assignment_cross_entropy, info_nce
from selflearn.ranks import gathered, rank, rank_weight, world
from selflearn.targets import Centre, Teacher

EPSILON = 1e-6  # the authors': what a slot takes of places that are not its own, so that an empty one has a mean


class SlotCon(Distillation):
    """Semantic grouping of places (Wen et al., 2022).

    A slot is the mean of a sample's projected tokens, weighted by how much its prototype claims each. A token's place in the other
    view is that token of it which is nearest in the sample, if it is no farther than half the diagonal of a cell. Where the authors
    resample both maps on their overlap, here tokens stay as they are.

    Settings
    --------
    prototypes : slots of a sample; most stay empty.
    temperature, teacher_temperature : of the student's and the teacher's assignments; slots of both take the teacher's.
    slot_temperature : of the contrast of slots.
    grouping : weight of the agreement place by place; the contrast of slots has the rest.
    predictor : width of the hidden layers of the slots' predictor.
    centre_momentum : of the mean assignment that is taken off the teacher's.
    projector : widths of the layers behind each token.
    momentum : of the teacher at the start; it rises to 1 along half a cosine.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"places"})
    gathers: ClassVar[bool] = False
    least_large: ClassVar[int] = 2

    projector: Annotated[list[Width], MinLen(1)] = [4096, 4096, 256]
    prototypes: Annotated[int, Gt(1)] = 256
    temperature: Annotated[float, Gt(0)] = 0.1
    teacher_temperature: Annotated[float, Gt(0)] = 0.07
    slot_temperature: Annotated[float, Gt(0)] = 0.2
    grouping: Share = 0.5
    predictor: Width = 4096
    centre_momentum: Share = 0.9
    momentum: Share = 0.99

    def build(self) -> None:
        """Make projector, prototypes and predictor, and the teacher's copies."""
        if self.chunk:
            raise RecipeError("SlotCon compares places, which encoding in chunks does not keep; set chunk to 0")
        super().build()
        width = self.projector[-1]
        self.groups = PrototypeLayer(width, self.prototypes)
        self.teacher_groups = Teacher(self.groups, self.momentum)
        self.predict = mlp([width, self.predictor, self.predictor, width], activation="gelu")
        self.centre = Centre(self.prototypes, self.centre_momentum)

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, a last one without."""
        return mlp([self.encoder.dim, *self.projector], activation="gelu")

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode with both, group, compare place by place and slot by slot, both ways."""
        self.check_views(views)
        online = encode(self.encoder, views, self.joined)
        seen = encode(self.teacher_encoder, views, self.joined)
        places = [places_of(self.encoder, view, features) for view, features in zip(views, online, strict=True)]
        told = [of_each(self.head, tokens_of(features)) for features in online]
        scores = [of_each(self.groups, each) for each in told]
        targets = [of_each(self.teacher_head, tokens_of(features)) for features in seen]
        wanted = [of_each(self.teacher_groups, each) for each in targets]
        slots = [self.slots(each, score, features) for each, score, features in zip(told, scores, online, strict=True)]
        aims = [self.slots(each, score, features) for each, score, features in zip(targets, wanted, seen, strict=True)]
        grouped = [
            self.agree(scores[one], wanted[other], places[one], places[other], online[one], seen[other]) for one, other in BOTH
        ]
        found = [self.contrast(slots[one], aims[other]) for one, other in BOTH]
        losses: Losses = {
            "grouping": self.grouping * torch.stack(grouped).sum(),
            "slots": (1 - self.grouping) * torch.stack(found).sum(),
        }
        real = torch.cat([score[real_of(features)] for score, features in zip(wanted, seen, strict=True)])
        self.centre.follow(real)
        return Outcome(losses, mean_of(told[0], real_of(online[0])).detach().float())

    def losses(self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph) -> Losses:  # type: ignore[override]
        """Not asked: `forward` compares places and slots itself."""
        raise NotImplementedError

    def slots(self, tokens: Tensor, scores: Tensor, features: Features) -> tuple[Tensor, Tensor]:
        """(batch, prototypes, projection) weighted means, and (batch, prototypes) bool: whether any token is a prototype's most."""
        real = real_of(features)
        claims = ((scores.float() / self.teacher_temperature).softmax(2) + EPSILON) * real[..., None]
        means = (claims / claims.sum(1, keepdim=True)).transpose(1, 2) @ tokens.float()
        first = F.one_hot(scores.argmax(2), self.prototypes) * real[..., None]
        return means, first.sum(1) > 0

    def agree(
        self, scores: Tensor, wanted: Tensor, places: Tensor, others: Tensor, asking: Features, answering: Features
    ) -> Tensor:
        """Cross-entropy of the student's assignment of each place with the teacher's of the same place in the other view."""
        distances = apart(places, others, answering)
        nearest = distances.min(2)
        same = (nearest.values <= _reach(others, answering)[:, None]) & real_of(asking)
        weight = rank_weight(same.sum())
        if not bool(same.any()):
            return 0.0 * scores.sum()
        target = (self.centre(taken(wanted, nearest.indices).float()) / self.teacher_temperature).softmax(2)
        return assignment_cross_entropy(target[same], scores[same] / self.temperature) * weight

    def contrast(self, asked: tuple[Tensor, Tensor], aims: tuple[Tensor, Tensor]) -> Tensor:
        """Each slot that both views have must find the teacher's among all slots of all samples that are not empty."""
        slots, own = asked
        keys, there = aims
        both = (own & there).flatten()
        every, valid = gathered(keys.flatten(0, 1)), gathered(there.flatten().long()).bool()
        weight = rank_weight(both.sum())
        if world() == 1 and int(both.sum()) < 2:  # too few for a batch norm
            return 0.0 * sum((weight.sum() for weight in self.predict.parameters()), slots.sum())
        queries = self.predict(slots.flatten(0, 1)[both])
        number = torch.arange(len(both), device=both.device) + rank() * len(both)
        places = (valid.long().cumsum(0) - 1)[number[both]]
        loss = info_nce(queries, every[valid], SimilarityGraph.own_key(places, int(valid.sum())), self.slot_temperature)
        return 2 * self.slot_temperature * loss * weight

    def after_update(self, progress: float) -> None:
        """The teachers move."""
        super().after_update(progress)
        self.teacher_groups.follow(self.groups, progress)


BOTH = ((0, 1), (1, 0))


def _reach(places: Tensor, features: Features) -> Tensor:
    """(batch,) half the diagonal of a cell of a view's tokens: from the distance of neighbours, in all axes alike."""
    distances = apart(places, places, features)
    count = distances.shape[1]
    own = torch.eye(count, dtype=torch.bool, device=places.device)
    step = distances.masked_fill(own, torch.inf).amin(2).amin(1)
    return step * (places.shape[2] ** 0.5) / 2 * 1.001
