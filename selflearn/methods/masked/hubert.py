"""HuBERT: hidden tokens are told by the cluster they belong to; later, clusters are those of what the encoder made of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.masked.base import hide_groups
from selflearn.methods.masked.latent import one_hidden_each
from selflearn.methods.masked.units import Units
from selflearn.methods.options import Width
from selflearn.networks import PrototypeLayer, TokenMask
from selflearn.objectives import masked_classification
from selflearn.ranks import rank_weight
from selflearn.targets import Codebook, Teacher


class HuBERT(Method):
    """Masked prediction of hidden units (Hsu et al., 2021), in stages that follow each other within one budget.

    At first a token's unit is the k-means cluster of its own content (for sound: its log-mel frames, which differ from cepstra by
    a rotation). At each share of the budget in `recluster` the encoder is copied, and from then on units are clusters of a
    layer of that copy, which sees everything. Learning goes on with the same weights, where the authors begin anew.

    Settings
    --------
    hidden : share of the tokens that spans would hide if none overlapped; 0.8 in spans of 10 hides about half.
    span : of what is hidden together, in tokens.
    codes : clusters of each stage.
    recluster : shares of the budget at which stages begin, one fewer than stages.
    layer : how high the layer lies whose tokens are clustered, as a share of the encoder's blocks.
    settles : see `Codebook`, of each stage.
    width : length in which predictions are compared with the clusters' own vectors.
    temperature : of these cosines.
    visible : weight of the same loss on tokens that were seen.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace", "layers"})
    default_views: ClassVar[str] = "weak"
    stage: Tensor

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.8
    span: Width = 10
    codes: list[Annotated[int, Ge(2)]] = [100, 500]
    recluster: list[Annotated[float, Gt(0), Lt(1)]] = [0.4]
    layer: Annotated[float, Gt(0), Le(1)] = 0.5
    settles: Width = 50
    width: Width = 256
    temperature: Annotated[float, Gt(0)] = 0.1
    visible: Annotated[float, Ge(0)] = 0.0

    def build(self) -> None:
        """Make a codebook for each stage, and the clusters' vectors."""
        if len(self.codes) != len(self.recluster) + 1 or any(first >= second for first, second in pairwise(self.recluster)):
            raise RecipeError(
                f"codes = {self.codes} needs a number for each stage, and recluster = {self.recluster} the rising shares at which "
                "all but the first begin"
            )
        self.units = Units(self.encoder, self.codes[0], "kmeans", self.settles)
        self.codebooks = nn.ModuleList(Codebook(count, self.encoder.dim, self.settles) for count in self.codes[1:])
        self.sizes = [self.units.size, *self.codes[1:]]
        self.copied = Teacher(self.encoder, 0.0, 0.0)
        self.project, self.clusters = nn.Linear(self.encoder.dim, self.width), PrototypeLayer(self.width, max(self.sizes))
        self.register_buffer("stage", torch.tensor(0))

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Spans."""
        return hide_groups(self.encoder, view, "replace", self.hidden, self.span, generator)

    def names(self, view: Batch, real: Tensor) -> Tensor:
        """(batch, tokens) int64, every token's cluster in the present stage; -1 for padding."""
        stage = int(self.stage)
        if stage == 0:
            content = self.encoder.token_content(view)
            if self.training:
                self.units.follow(content, real)
            return self.units(content).where(real, -1)
        layers = self.copied(view, layers=True).layers
        tokens = layers[math.ceil(self.layer * len(layers)) - 1]
        codebook = self.codebooks[stage - 1]
        if self.training and isinstance(codebook, Codebook):
            codebook.follow(tokens[real])
        found: Tensor = codebook(tokens)
        return found.where(real, -1)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, tell the clusters."""
        losses, seen = [], []
        for view in views:
            hidden, real = self.draw(view, generator), self.encoder.token_real(view)
            names = self.names(view, real)
            told = self.project(self.encoder(view, TokenMask(hidden, how="replace")).tokens)
            logits = self.clusters(told)[..., : self.sizes[int(self.stage)]] / self.temperature
            loss = masked_classification(logits, names, hidden) * rank_weight((hidden & (names >= 0)).sum())
            if self.visible:
                shown = real & ~hidden
                told_too = masked_classification(logits, names, shown) * rank_weight((shown & (names >= 0)).sum())
                loss = loss + self.visible * told_too
            losses.append(loss)
            seen.append(one_hidden_each(told, hidden))
        return Outcome({"classification": torch.stack(losses).mean()}, seen[0].detach().float(), can_collapse=int(self.stage) > 0)

    def after_update(self, progress: float) -> None:
        """Where a stage begins, the encoder is copied; its first batch will be clustered."""
        stage = sum(progress >= share for share in self.recluster)
        if stage > int(self.stage):
            self.copied.follow(self.encoder, progress)
            self.stage.fill_(stage)

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """Clusters need at least as many tokens."""
        super().check_batch(samples, steps)
        tokens = samples * math.prod(self.encoder.token_grid())
        self.units.check("HuBERT", tokens)
        if max(self.codes) > tokens:
            raise RecipeError(
                f"HuBERT finds {max(self.codes)} clusters in a batch of at most {tokens} tokens; lower codes, or raise batch"
            )
