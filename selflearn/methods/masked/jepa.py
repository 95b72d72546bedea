"""JEPA: from the encoding of a few tokens, a predictor tells what a slow average of the encoder makes of the others."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, cast

import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.masked.base import hide, way_to_hide
from selflearn.methods.masked.latent import LatentPrediction
from selflearn.methods.options import Width
from selflearn.networks import TokenDecoder, TokenMask, standardised


class JEPA(LatentPrediction):
    """Latent prediction by a transformer of its own, which is thrown away: the encoder sees the context alone.

    How much is hidden is drawn anew for each view. The predictor tells all hidden tokens at once, where the publications ask for
    a few subsets of them in turn: on average over draws these are the same tokens. Targets are the teacher's last tokens as
    they are (Thimonier et al., T-JEPA, 2024), or at mean 0 and deviation 1 (Assran et al., I-JEPA, 2023).

    Settings
    --------
    least_hidden, hidden : shares of the tokens that the encoder does not see: the least and the most.
    normalised : whether targets are brought to mean 0 and deviation 1: "no"; "token", over each token's features; "batch", each
        feature over the batch, token by token, so that what only tells the token's place is worth nothing.
    predictor_width, predictor_depth, predictor_heads : of the predictor.
    momentum, final_momentum, beta : see `LatentPrediction`.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens"})

    least_hidden: Annotated[float, Gt(0), Lt(1)] = 0.6
    hidden: Annotated[float, Gt(0), Lt(1)] = 0.8
    normalised: Literal["no", "token", "batch"] = "no"
    predictor_width: Width = 64
    predictor_depth: Width = 2
    predictor_heads: Width = 4
    momentum: Annotated[float, Ge(0)] = 0.996
    beta: Annotated[float, Ge(0)] = 0.0

    def build(self) -> None:
        """Make the predictor and the teacher."""
        if self.least_hidden > self.hidden:
            raise RecipeError(f"least_hidden = {self.least_hidden} must not be above hidden = {self.hidden}")
        if self.predictor_width % self.predictor_heads:
            raise RecipeError(
                f"predictor_width = {self.predictor_width} must be a multiple of predictor_heads = {self.predictor_heads}"
            )
        self.how = way_to_hide(self.encoder, "JEPA")
        self.predictor = TokenDecoder(
            self.encoder.dim,
            self.encoder.token_grid(),
            self.predictor_width,
            self.predictor_depth,
            self.predictor_heads,
            self.encoder.dim,
            self.encoder.token_real,
        )
        super().build()

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """A share, then any subset of each sample's tokens of that share, uniformly."""
        drawn = torch.rand((), generator=generator, device=generator.device)
        share = self.least_hidden + (self.hidden - self.least_hidden) * float(drawn)
        return hide(self.encoder, view, self.how, share, generator)

    def predict(self, view: Batch, hidden: Tensor) -> Tensor:
        """The encoder's tokens of the context, and a mask token with a place for each other, through the predictor."""
        mask = TokenMask(hidden, how=self.how)
        return cast(Tensor, self.predictor(self.encoder(view, mask).tokens, mask, view))

    def targets(self, view: Batch) -> Tensor:
        """(batch, tokens, dim) the last tokens of the teacher, who sees all."""
        tokens: Tensor = self.teacher(view).tokens.float()
        if self.normalised == "batch":
            return standardised(tokens.flatten(1)).view_as(tokens)
        return F.layer_norm(tokens, tokens.shape[-1:]) if self.normalised == "token" else tokens
