"""Layers that answer to hyperparameters: what weights they would have learned had these been a little different."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResponsiveLinear(nn.Module):
    """A linear layer with the weights ``W + diag(A l) W'`` and the bias ``b + (B l) * b'`` for hyperparameters ``l``.

    Where ``l`` varies while it trains, its weights become about the best for each ``l`` near by (a best response).

    Parameters
    ----------
    inputs, outputs : features. levels : how many hyperparameters there are.

    Source: MacKay et al., "Self-Tuning Networks: Bilevel Optimization of Hyperparameters using Structured Best-Response Functions",
    2019.
    """

    def __init__(self, inputs: int, outputs: int, levels: int) -> None:
        super().__init__()
        self.own, self.response = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.gates = nn.Linear(levels, 2 * outputs, bias=False)
        nn.init.normal_(self.gates.weight, std=0.01)

    def forward(self, inputs: Tensor, levels: Tensor) -> Tensor:
        """(rows, inputs) and (rows, levels) to (rows, outputs)."""
        weight, bias = self.gates(levels).chunk(2, dim=1)
        own: Tensor = self.own(inputs)
        return own + weight * F.linear(inputs, self.response.weight) + bias * self.response.bias


class TunedHead(nn.Module):
    """A classifier of one hidden layer that answers to its dropout rates and to how far labels are smoothed, and holds these three.

    A level ``l`` is a rate of ``limit * sigmoid(l)``.

    Parameters
    ----------
    dim, hidden, classes : sizes.
    pace : how much faster levels move than weights.
    spread : deviation of the levels that are tried around the present ones, at first.
    """

    names = ("dropout", "hidden_dropout", "smoothing")
    limits: Tensor
    start: Tensor

    def __init__(self, dim: int, hidden: int, classes: int, pace: float, spread: float) -> None:
        super().__init__()
        count = len(self.names)
        self.first, self.second = ResponsiveLinear(dim, hidden, count), ResponsiveLinear(hidden, classes, count)
        self.pace = pace
        self.moved = nn.Parameter(torch.zeros(count))
        self.spread = nn.Parameter(torch.full((count,), spread).log())
        self.register_buffer("limits", torch.tensor([0.95, 0.95, 0.5]), persistent=False)
        self.register_buffer("start", torch.full((count,), -3.0), persistent=False)  # rates of about 0.05

    @property
    def levels(self) -> Tensor:
        """(levels,) the present ones."""
        return self.start + self.pace * self.moved

    def rates(self, levels: Tensor) -> Tensor:
        """(..., levels) as what they do."""
        return self.limits * levels.sigmoid()

    def forward(self, pooled: Tensor, levels: Tensor | None = None, drawn: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """(rows, dim) to (rows, classes) logits.

        Parameters
        ----------
        levels : (rows, levels); None takes the present ones.
        drawn : numbers uniform in [0, 1) for each input and hidden unit, which decide what is dropped; None drops nothing.
        """
        levels = self.levels.expand(len(pooled), -1) if levels is None else levels
        rates = self.rates(levels)
        hidden = F.relu(self.first(_dropped(pooled, rates[:, :1], drawn[0] if drawn else None), levels))
        logits: Tensor = self.second(_dropped(hidden, rates[:, 1:2], drawn[1] if drawn else None), levels)
        return logits


def _dropped(values: Tensor, rate: Tensor, drawn: Tensor | None) -> Tensor:
    return values if drawn is None else values * (drawn >= rate) / (1 - rate)
