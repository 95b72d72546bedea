"""OBoW: which visual words a sample holds, by a teacher and a vocabulary that renews itself, is told from other views of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.dense.tokens import real_of, tokens_of
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Share, Width
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, assignment_cross_entropy
from selflearn.ranks import gathered, rank_mean
from selflearn.targets import Queue, Teacher


class OBoW(Distillation):
    """Online bag-of-visual-words generation (Gidaris et al., 2021), of the encoder's last tokens.

    The first view is the teacher's: each of its tokens is softly assigned to words, and a sample's bag holds of each word the most
    that any token has. The student tells it from every other view by weights that a small network makes of the words themselves,
    so that they may change. Words are tokens of past batches, one a sample; the authors average neighbours before, and leave out
    borders.

    Settings
    --------
    words : of the vocabulary.
    sharpness : of the assignment, in inverse mean squared distances to the nearest word.
    scale : of the logits.
    momentum, final_momentum : of the teacher.
    distance_momentum : of that running mean distance, which begins with the first batch's.
    projector : widths of the hidden layers of the network of words; none is twice the encoder's.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"places"})
    gathers: ClassVar[bool] = False
    most_views: ClassVar[int | None] = None

    projector: list[Width] = []
    words: Annotated[int, Gt(1)] = 8192
    sharpness: Annotated[float, Gt(0)] = 15.0
    scale: Annotated[float, Gt(0)] = 5.0
    momentum: Share = 0.99
    final_momentum: Share = 1.0
    distance_momentum: Share = 0.99

    distance: Tensor

    def build(self) -> None:
        """Make the network of words, the vocabulary and the teacher."""
        if self.chunk:
            raise RecipeError("OBoW compares tokens, which encoding in chunks does not keep; set chunk to 0")
        super().build()
        self.teacher_encoder = Teacher(self.encoder, self.momentum, self.final_momentum)
        self.vocabulary = Queue(self.words, self.encoder.dim)
        self.vocabulary.kept.copy_(torch.randn(self.words, self.encoder.dim).clamp(min=0))
        self.register_buffer("distance", torch.tensor(1.0))

    def make_head(self) -> nn.Module:
        """From a word to the weights that tell how much of it a view's embedding says there is."""
        width = self.encoder.dim
        return mlp([width, *(self.projector or [2 * width]), width])

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """The teacher's bag, the student's of every other view; then the vocabulary takes one token a sample."""
        self.check_views(views)
        vocabulary = self.vocabulary.kept.clone()
        weights = F.normalize(self.head(F.normalize(vocabulary, dim=1)).float(), dim=1)
        with torch.no_grad():
            seen = encode(self.teacher_encoder, views[:1], self.joined)[0]
            bags = self.bags(seen, vocabulary)
            if self.training:
                self.vocabulary.add(gathered(_one_each(seen, generator)))
        online = encode(self.encoder, views[1:], self.joined)
        told = [assignment_cross_entropy(bags, self.scale * features.pooled.float() @ weights.T) for features in online]
        return Outcome({"words": torch.stack(told).mean()}, online[0].pooled.detach().float())

    def losses(self, online: list[Features], targets: list[Tensor], graph: SimilarityGraph) -> Losses:  # type: ignore[override]
        """Not asked: `forward` tells the bags itself."""
        raise NotImplementedError

    def bags(self, seen: Features, vocabulary: Tensor) -> Tensor:
        """(batch, words) shares of each word in each sample, rows sum to one. The running mean distance moves first."""
        tokens, real = tokens_of(seen).float(), real_of(seen)
        with torch.autocast(tokens.device.type, enabled=False):
            distances = torch.cdist(tokens, vocabulary).square()
        if self.training:
            mean = rank_mean(distances.amin(2)[real].mean())
            self.distance.lerp_(mean, 1 - self.distance_momentum if self.vocabulary.added else 1.0)
        shares = (-self.sharpness / self.distance * distances).softmax(2)
        return F.normalize(shares.masked_fill(~real[..., None], 0.0).amax(1), p=1, dim=1)


def _one_each(features: Features, generator: torch.Generator) -> Tensor:
    """(batch, dim) one real token of each sample, drawn uniformly."""
    real = real_of(features)
    scores = torch.rand(real.shape, generator=generator, device=generator.device).to(real.device)
    rows = torch.arange(len(real), device=real.device)
    return tokens_of(features)[rows, scores.masked_fill(~real, -1.0).argmax(1)]
