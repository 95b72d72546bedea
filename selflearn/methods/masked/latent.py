"""Latent prediction: hidden tokens are told as a teacher, who saw everything, encodes them; no form of the input is restored."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Le
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Method, Outcome
from selflearn.objectives import latent_prediction
from selflearn.ranks import rank_weight
from selflearn.targets import Teacher


class LatentPrediction(Method):
    """Base of latent prediction: write `draw`, `predict` and `targets`, and make what `predict` needs in `build`.

    Settings
    --------
    momentum, final_momentum : of the teacher at the start and at the end.
    beta : where the loss turns from square to linear; 0 is the square alone.
    """

    default_views: ClassVar[str] = "weak"

    momentum: Annotated[float, Ge(0), Le(1)] = 0.9998
    final_momentum: Annotated[float, Ge(0), Le(1)] = 1.0
    beta: Annotated[float, Ge(0)] = 2.0

    def build(self) -> None:
        """Make the teacher."""
        self.teacher = Teacher(self.encoder, self.momentum, self.final_momentum)

    @abstractmethod
    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """(batch, tokens) bool, True where the student does not see the token."""

    @abstractmethod
    def predict(self, view: Batch, hidden: Tensor) -> Tensor:
        """(batch, tokens, dim) what the student, who sees the rest, says of every token."""

    @abstractmethod
    def targets(self, view: Batch) -> Tensor:
        """(batch, tokens, dim) what the teacher, who sees all, says of every token."""

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, predict, compare with the teacher."""
        losses, watched = [], []
        for view in views:
            hidden = self.draw(view, generator)
            predictions = self.predict(view, hidden)
            told = latent_prediction(predictions, self.targets(view), hidden, self.beta)
            losses.append(told * rank_weight(hidden.sum()))
            watched.append(one_hidden_each(predictions, hidden))
        return Outcome({"prediction": torch.stack(losses).mean()}, watched[0].detach().float())

    def after_update(self, progress: float) -> None:
        """The teacher moves towards the student."""
        self.teacher.follow(self.encoder, progress)


def one_hidden_each(predictions: Tensor, hidden: Tensor) -> Tensor:
    """(batch, dim) one prediction of each sample, of a token that was hidden; all of them where a graph is one row."""
    if len(predictions) == 1:
        return predictions[0][hidden[0]]
    rows = torch.arange(len(predictions), device=predictions.device)
    # The k-th hidden token of row k (counted round): at different places, so that positions alone do not look like features.
    order = (~hidden).to(torch.uint8).argsort(dim=1, stable=True)
    return predictions[rows, order[rows, rows % hidden.sum(dim=1).clamp(min=1)]]
