"""data2vec: the student, who sees a part, predicts what its slow average says of the hidden tokens, having seen all."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import hide
from selflearn.networks import Features, TokenMask, mlp
from selflearn.objectives import latent_prediction
from selflearn.targets import Teacher


class Data2Vec(Method):
    """Latent prediction: targets are the teacher's own features, so nothing of the input's form has to be restored.

    The target of a token is the mean over the teacher's last layers, each brought to mean 0 and deviation 1 over its features
    (Baevski et al., 2022), which keeps a constant answer from being right.

    Settings
    --------
    hidden : share of the tokens that the student does not see.
    top : how many of the teacher's last layers make the target.
    momentum, final_momentum : of the teacher at the start and at the end.
    beta : where the loss turns from square to linear; 0 is the square alone.
    predictor : widths of hidden layers between the student's tokens and its predictions; none is the published linear layer.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace", "layers"})
    default_views: ClassVar[str] = "weak"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.6
    top: Annotated[int, Gt(0)] = 6
    momentum: Annotated[float, Ge(0), Le(1)] = 0.9998
    final_momentum: Annotated[float, Ge(0), Le(1)] = 1.0
    beta: Annotated[float, Ge(0)] = 2.0
    predictor: list[Annotated[int, Gt(0)]] = []

    def build(self) -> None:
        """Make the predictor and the teacher."""
        self.head = mlp([self.encoder.dim, *self.predictor, self.encoder.dim], norm="layer" if self.predictor else None)
        self.teacher = Teacher(self.encoder, self.momentum, self.final_momentum)

    def targets(self, view: Batch) -> Tensor:
        """(batch, tokens, dim) what the teacher, who sees all, says of every token."""
        features: Features = self.teacher(view, layers=True)
        layers = [F.layer_norm(layer.float(), layer.shape[-1:]) for layer in features.layers[-self.top :]]
        return torch.stack(layers).mean(dim=0)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, predict, compare with the teacher."""
        losses, watched = [], []
        for view in views:
            hidden = hide(self.encoder, view, "replace", self.hidden, generator)
            features = self.encoder(view, TokenMask(hidden, how="replace"))
            predictions = self.head(features.tokens)
            losses.append(latent_prediction(predictions, self.targets(view), hidden, self.beta))
            watched.append(_one_hidden_each(predictions, hidden))
        return Outcome({"prediction": torch.stack(losses).mean()}, watched[0].detach().float())

    def after_update(self, progress: float) -> None:
        """The teacher moves towards the student."""
        self.teacher.follow(self.encoder, progress)


def _one_hidden_each(predictions: Tensor, hidden: Tensor) -> Tensor:
    """(batch, dim) one prediction of each sample, of a token that was hidden; all of them where a graph is one row."""
    if len(predictions) == 1:
        return predictions[0][hidden[0]]
    rows = torch.arange(len(predictions), device=predictions.device)
    # The k-th hidden token of row k (counted round): at different places, so that positions alone do not look like features.
    order = (~hidden).to(torch.uint8).argsort(dim=1, stable=True)
    return predictions[rows, order[rows, rows % hidden.sum(dim=1).clamp(min=1)]]
