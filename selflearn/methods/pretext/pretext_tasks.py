"""Pretext tasks: a view asks about samples, tokens or pairs of them, and a head for each question answers from the encoder."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError, nearest
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.options import Width
from selflearn.networks import Features, mlp
from selflearn.objectives import answers_to_classes, answers_to_numbers, answers_to_shares
from selflearn.ranks import rank_weight

LOSSES = {"numbers": answers_to_numbers, "classes": answers_to_classes, "shares": answers_to_shares}


class PretextTasks(Method):
    """One loss a question; which questions there are is the kind's own affair (Jin et al., 2020, for the nodes of a graph).

    A pair is told from how its ends differ, ``|a - b|``, as in that publication, or from their product at unit length (Ju et al.,
    "Multi-task Self-supervised Graph Neural Networks Enable Stronger Task Generalization", 2023). Ends that have an order (tiles of
    a picture) are told from all of them, one after the other.

    Settings
    --------
    weights : of each question's loss, by name; 1 for those that are not named.
    pairs : how the two ends of a pair are put together.
    head : widths of hidden layers between the encoder and the answer; none is a linear layer, as in the publication.
    asked : what the views ask; None takes it from them.
    """

    default_views = "questions"

    weights: dict[str, Annotated[float, Ge(0)]] = {}
    pairs: Literal["difference", "product"] = "difference"
    head: list[Width] = []
    asked: dict[str, Asked] | None = None

    def build(self) -> None:
        """Make a head for each question."""
        if not self.asked:
            raise RecipeError(
                "PretextTasks answers what views ask, and these views ask nothing; the nodes of one graph have views that do "
                "(--set views=questions), and pictures: --set views=rotation, jigsaw or position"
            )
        for name in self.weights:
            if name not in self.asked:
                raise RecipeError(f"PretextTasks: weights names {name!r}, which is not asked{nearest(name, self.asked)}")
        self.heads = nn.ModuleDict(
            {
                name: mlp([self.encoder.dim * (each.ends if each.ordered else 1), *self.head, each.size], norm=None)
                for name, each in self.asked.items()
            }
        )

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode every view that asks something, answer, compare."""
        asking = [view for view in views if view.questions]
        if not asking:
            raise RecipeError("PretextTasks: none of its views asks anything")
        losses: dict[str, list[Tensor]] = {}
        watched: list[Tensor] = []
        for view in asking:
            features = self.encoder(view)
            watched.append(features.pooled.detach().float())
            for name, question in view.questions.items():
                losses.setdefault(name, []).append(self.weights.get(name, 1.0) * self.answer(features, name, question))
        means: Losses = {name: torch.stack(each).mean() for name, each in losses.items()}
        return Outcome(means, watched[0], can_collapse=False)

    def answer(self, features: Features, name: str, question: Question) -> Tensor:
        """The loss of one question; 0 where nothing was asked this time."""
        if question.tokens is not None and features.tokens is None:
            raise RecipeError(f"PretextTasks: {name!r} is asked about tokens, which {self.encoder.settings.get('name')} has not")
        ends = features.pooled[question.rows] if question.tokens is None else features.tokens[question.rows, question.tokens]  # type: ignore[index]
        assert self.asked is not None
        told: Tensor = self.heads[name](ends.flatten(1) if self.asked[name].ordered else self._together(ends))
        loss: Tensor = LOSSES[self.asked[name].form](told, question.answers)
        return loss * rank_weight(question.rows.new_tensor(len(question.rows)))

    def _together(self, ends: Tensor) -> Tensor:
        """(asked, ends, dim) to (asked, dim)."""
        if ends.shape[1] == 1:
            return ends[:, 0]
        if self.pairs == "difference":
            return (ends[:, 0] - ends[:, 1]).abs()
        unit = F.normalize(ends, dim=2)
        return unit[:, 0] * unit[:, 1]
