"""data2vec: the student, who sees a part, predicts what its slow average says of the hidden tokens, having seen all."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

import torch
import torch.nn.functional as F
from annotated_types import Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.methods.masked.base import hide
from selflearn.methods.masked.latent import LatentPrediction
from selflearn.networks import Features, TokenMask, mlp


class Data2Vec(LatentPrediction):
    """Latent prediction: targets are the teacher's own features, so nothing of the input's form has to be restored.

    The target of a token is the mean over the teacher's last layers, each brought to mean 0 and deviation 1 over its features
    (Baevski et al., 2022), which keeps a constant answer from being right.

    Settings
    --------
    hidden : share of the tokens that the student does not see.
    top : how many of the teacher's last layers make the target.
    predictor : widths of hidden layers between the student's tokens and its predictions; none is the published linear layer.
    momentum, final_momentum, beta : see `LatentPrediction`.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace", "layers"})

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.6
    top: Annotated[int, Gt(0)] = 6
    predictor: list[Annotated[int, Gt(0)]] = []

    def build(self) -> None:
        """Make the predictor and the teacher."""
        self.head = mlp([self.encoder.dim, *self.predictor, self.encoder.dim], norm="layer" if self.predictor else None)
        super().build()

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Any subset of each sample's tokens, uniformly."""
        return hide(self.encoder, view, "replace", self.hidden, generator)

    def predict(self, view: Batch, hidden: Tensor) -> Tensor:
        """Hidden tokens are replaced in the student's own sequence."""
        return cast(Tensor, self.head(self.encoder(view, TokenMask(hidden, how="replace")).tokens))

    def targets(self, view: Batch) -> Tensor:
        """(batch, tokens, dim) what the teacher, who sees all, says of every token."""
        features: Features = self.teacher(view, layers=True)
        layers = [F.layer_norm(layer.float(), layer.shape[-1:]) for layer in features.layers[-self.top :]]
        return torch.stack(layers).mean(dim=0)
