"""A classifier that sets its own dropout and label smoothing while it learns, by the loss on samples held out for that."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt
from torch import Tensor
from torch.func import functional_call

from selflearn.data.batch import Batch
from selflearn.methods.base import Outcome
from selflearn.methods.labels.base import Classifier
from selflearn.methods.options import Width
from selflearn.networks import TunedHead
from selflearn.objectives import imitation
from selflearn.ranks import rank_weight

Drawn = tuple[Tensor, Tensor, Tensor]


class SelfTuning(Classifier):
    """Self-tuning networks (MacKay et al., 2019), with a head that answers to its hyperparameters.

    Each training sample is learned from at levels drawn around the present ones, so that the head knows what its weights would be
    there. The levels themselves follow the loss on labelled samples held out for it, through that knowledge alone; their spread
    ``s`` is kept from vanishing by ``- entropy * sum log s``. Weights never see the labels of samples held out, nor levels those of
    the others. The encoder does not answer to levels; the publication lets every layer do so.

    Settings
    --------
    hidden : width of the head's hidden layer.
    held_out : of so many samples one is held out, by its place in the data.
    pace : how much faster levels move than weights.
    spread : deviation of the levels tried, at first.
    entropy : how much a wide spread is worth.
    """

    hidden: Width = 256
    held_out: Annotated[int, Ge(2)] = 5
    pace: Annotated[float, Gt(0)] = 10.0
    spread: Annotated[float, Gt(0)] = 0.5
    entropy: Annotated[float, Ge(0)] = 1e-3

    def build(self) -> None:
        """Make the head, which holds the levels."""
        super().build()
        self.head: TunedHead = TunedHead(self.encoder.dim, self.hidden, self.classes or 0, self.pace, self.spread)

    def draw(self, view: Batch, generator: torch.Generator) -> Drawn:
        """For each sample what moves its levels, and what decides which inputs and hidden units are dropped."""
        levels = torch.randn(len(view), len(self.head.names), generator=generator, device=view.device)
        sizes = (self.encoder.dim, self.hidden)
        inputs, hidden = (torch.rand(len(view), size, generator=generator, device=view.device) for size in sizes)
        return levels, inputs, hidden

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view; learn from some samples at levels around the present ones, move these by the others."""
        labels, index = self.labels(views), views[0].index
        held = (index % self.held_out == 0) & (labels >= 0)
        learned = (index % self.held_out != 0) & (labels >= 0)
        pooled = [self.encoder(view).pooled for view in views]
        terms = [
            self._terms(each, labels, learned, held, self.draw(view, generator)) for each, view in zip(pooled, views, strict=True)
        ]
        training, validation = (torch.stack(each).mean() for each in zip(*terms, strict=True))
        losses = {
            "cross_entropy": training * rank_weight(learned.sum()),
            "held_out": validation * rank_weight(held.sum()) - self.entropy * self.head.spread.sum(),
        }
        told = dict(zip(self.head.names, self.head.rates(self.head.levels).detach().unbind(), strict=True))
        return Outcome(losses, pooled[0].detach().float(), can_collapse=False, told=told)

    def _terms(self, pooled: Tensor, labels: Tensor, learned: Tensor, held: Tensor, drawn: Drawn) -> tuple[Tensor, Tensor]:
        moves, inputs, hidden = drawn
        levels = self.head.levels + moves * self.head.spread.exp() * self.training
        still = levels[learned].detach()
        logits = self.head(pooled[learned], still, (inputs[learned], hidden[learned]) if self.training else None).float()
        even = torch.full_like(logits, 1 / logits.shape[1])
        training = imitation(logits, even, labels[learned], self.head.rates(still)[:, 2])
        weights = {name: weight.detach() for name, weight in self.head.named_parameters()}
        told = functional_call(self.head, weights, (pooled[held].detach(), levels[held])).float()
        return training, F.cross_entropy(told, labels[held], reduction="sum") / held.sum().clamp(min=1)
