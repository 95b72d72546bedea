"""Prior-data fitted networks: what a prior would conclude from a data set, learned from data sets that it draws."""

from __future__ import annotations

from typing import ClassVar

import torch

from selflearn.data.batch import Batch
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.networks.features import Answers
from selflearn.objectives import bar_nll, masked_classification
from selflearn.ranks import rank_weight


class PriorFitted(Method):
    """Targets of some points of a task are hidden and told from the others (Mueller et al., 2022).

    The loss is the mean of `-log q(y | x, context)` over the hidden targets. Over tasks of a prior it is, up to a constant, the
    mean divergence of `q` from the posterior predictive, so that its minimum is Bayesian inference under that prior.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"answers"})

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Answer for each view, compare with what was hidden."""
        answered = [self.encoder.answers(view) for view in views]
        losses = [_losses(each) for each in answered]
        means = {name: torch.stack([each[name] for each in losses]).mean() for name in losses[0]}
        return Outcome(means, answered[0].pooled.detach().float(), can_collapse=False)


def _losses(answers: Answers) -> Losses:
    """Negative log likelihood: of classes, or of numbers told in bars."""
    if answers.borders is None:
        told = masked_classification(answers.logits, answers.targets, answers.asked)
        return {"classification": told * rank_weight((answers.asked & (answers.targets >= 0)).sum())}
    told = bar_nll(answers.logits, answers.borders, answers.targets, answers.asked)
    return {"bars": told * rank_weight(answers.asked.sum())}
