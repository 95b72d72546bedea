"""wav2vec 2.0: what a hidden token is must be found among other hidden tokens of its sample, all of them in discrete form."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.masked.base import hide_groups
from selflearn.methods.masked.latent import one_hidden_each
from selflearn.methods.options import Share, Width
from selflearn.networks import ContentNetwork, TokenMask
from selflearn.objectives import SimilarityGraph, code_diversity, info_nce
from selflearn.ranks import rank_sum, rank_weight
from selflearn.targets import Chosen, GumbelCodebook, Ramp


class Wav2Vec2(Method):
    """A contrast with discrete targets that are learned beside it (Baevski et al., 2020).

    Targets are chosen by a Gumbel codebook from what each token is by itself. Wrong answers are all other hidden tokens of the
    sample that have another code, where the authors draw 100 of them.

    Settings
    --------
    hidden : share of the tokens that spans would hide if none overlapped; 0.65 in spans of 10 hides about half.
    span : of what is hidden together, in tokens.
    width : length of codes and predictions.
    groups, entries : of the codebook.
    temperature : of the cosines.
    softness, final_softness, softening : temperature of the choice of codes at the start and at the end, which is reached at this
        share of the budget, by equal factors.
    diversity : weight of the loss that has all entries used alike.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"tokens", "mask-replace"})
    default_views: ClassVar[str] = "weak"

    hidden: Annotated[float, Gt(0), Lt(1)] = 0.65
    span: Width = 10
    width: Width = 256
    groups: Width = 2
    entries: Annotated[int, Ge(2)] = 320
    temperature: Annotated[float, Gt(0)] = 0.1
    softness: Annotated[float, Gt(0)] = 2.0
    final_softness: Annotated[float, Gt(0)] = 0.5
    softening: Share = 0.7
    diversity: Annotated[float, Ge(0)] = 0.1

    def build(self) -> None:
        """Make the local network, the codebook and the two projections."""
        self.local = ContentNetwork(self.encoder, self.width)
        self.codebook = GumbelCodebook(self.width, self.groups, self.entries, self.width)
        self.project, self.project_code = nn.Linear(self.encoder.dim, self.width), nn.Linear(self.width, self.width)
        self.log_softness = Ramp(math.log(self.softness), math.log(self.final_softness), self.softening)

    def draw(self, view: Batch, generator: torch.Generator) -> Tensor:
        """Spans."""
        return hide_groups(self.encoder, view, "replace", self.hidden, self.span, generator)

    def losses(self, told: Tensor, chosen: Chosen, hidden: Tensor) -> Losses:
        """The contrast of hidden tokens, and the diversity of their codes over all ranks.

        Parameters
        ----------
        told : (batch, tokens, width) what the encoder's tokens say.
        chosen : what the codebook makes of every token.
        hidden : (batch, tokens) bool.
        """
        sample, codes = hidden.nonzero(as_tuple=True)[0], chosen.codes[hidden]
        queries, keys = told[hidden], self.project_code(chosen.vectors)[hidden]

        def draw(part: slice) -> tuple[Tensor, Tensor]:
            place = torch.arange(len(sample), device=sample.device)
            positive = place[part, None] == place
            alike = (codes[part, None] == codes).all(dim=-1)
            return positive.float(), ((sample[part, None] != sample) | alike) & ~positive

        contrast = info_nce(queries, keys, SimilarityGraph.drawn((len(sample), len(sample)), draw), self.temperature)
        probabilities = chosen.probabilities[hidden]
        shares = rank_sum(probabilities.sum(dim=0)) / rank_sum(hidden.sum().to(probabilities.dtype)).detach().clamp(min=1)
        return {"contrast": contrast * rank_weight(hidden.sum()), "diversity": self.diversity * code_diversity(shares)}

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Hide, encode, code, contrast."""
        losses: list[Losses] = []
        seen: list[Tensor] = []
        for view in views:
            hidden = self.draw(view, generator)
            told = self.project(self.encoder(view, TokenMask(hidden, how="replace")).tokens)
            local = self.local(self.encoder.token_content(view))
            losses.append(self.losses(told, self.codebook(local, self.log_softness.value.exp(), generator), hidden))
            seen.append(one_hidden_each(told, hidden))
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, seen[0].detach().float())

    def after_update(self, progress: float) -> None:
        """The choice becomes sharper."""
        self.log_softness.follow(progress)
