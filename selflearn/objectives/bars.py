"""A distribution of bars: a number is told as probabilities of intervals, so that any shape of belief can be said.

Inside, each bar is flat. The first and the last have no far end: they fall off as half normals, half of whose mass lies within the
width of their bar, so that every number has a density.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision

HALF = 0.674489750196082
"""Half of a half normal's mass lies below so many of its scales."""


@full_precision
def bar_log_density(logits: Tensor, borders: Tensor, values: Tensor) -> Tensor:
    """``log p(v) = log softmax(logits)_k - log width_k`` for a value in bar k; in and past the outer bars a half normal's density.

    Parameters
    ----------
    logits : (..., bars), at least 3 bars.
    borders : (bars + 1,) rising.
    values : (...).

    Returns
    -------
    Tensor : (...) natural logarithms. The density integrates to one over all numbers.

    Source: Mueller et al., "Transformers Can Do Bayesian Inference", 2022 (the Riemann distribution, with full support).
    """
    _check(logits, borders, values)
    widths = borders.diff()
    place = torch.searchsorted(borders[1:-1].contiguous(), values.contiguous(), right=True)
    told = logits.log_softmax(-1).gather(-1, place[..., None])[..., 0]
    flat = -widths.log()[place]
    left = _half_normal((borders[1] - values).clamp_min(0), widths[0] / HALF)
    right = _half_normal((values - borders[-2]).clamp_min(0), widths[-1] / HALF)
    return told + torch.where(place == 0, left, torch.where(place == len(widths) - 1, right, flat))


@full_precision
def bar_nll(logits: Tensor, borders: Tensor, values: Tensor, asked: Tensor) -> Tensor:
    """``- mean log p(v)`` over the values that are asked for.

    It is least where the probabilities are the true ones of each bar, given what is known: a network that minimises it over tasks
    of a prior tells that prior's posterior predictive.

    Parameters
    ----------
    logits, borders, values : as of `bar_log_density`.
    asked : (...) bool.
    """
    return -_mean(bar_log_density(logits, borders, values), asked)


def bar_mean(logits: Tensor, borders: Tensor) -> Tensor:
    """(..., bars) to (...): the mean of the distribution. An outer bar's is that of its half normal."""
    centres = (borders[1:] + borders[:-1]) / 2
    tail = math.sqrt(2 / math.pi) / HALF
    centres[0] = borders[1] - tail * (borders[1] - borders[0])
    centres[-1] = borders[-2] + tail * (borders[-1] - borders[-2])
    return logits.softmax(-1) @ centres


def bar_quantile(logits: Tensor, borders: Tensor, level: float) -> Tensor:
    """(..., bars) to (...): the number below which a share `level`, strictly between 0 and 1, of the distribution lies."""
    if not 0 < level < 1:
        raise RecipeError(f"bar_quantile: level = {level} must lie strictly between 0 and 1")
    shares = logits.double().softmax(-1)
    whole = shares.cumsum(-1)
    place = (whole < level).sum(-1).clamp_max(shares.shape[-1] - 1)
    own = shares.gather(-1, place[..., None])[..., 0].clamp_min(1e-300)
    inside = ((level - whole.gather(-1, place[..., None])[..., 0] + own) / own).clamp(1e-9, 1 - 1e-9)
    edges, widths = borders.double(), borders.double().diff()
    # of a half normal the share beyond z scales is erfc(z / sqrt 2)
    left = edges[1] - widths[0] / HALF * math.sqrt(2) * torch.erfinv(1 - inside)
    right = edges[-2] + widths[-1] / HALF * math.sqrt(2) * torch.erfinv(inside)
    flat = edges[place] + inside * widths[place]
    return torch.where(place == 0, left, torch.where(place == len(widths) - 1, right, flat)).to(logits.dtype)


def _half_normal(distance: Tensor, scale: Tensor) -> Tensor:
    return 0.5 * math.log(2 / math.pi) - scale.log() - (distance / scale).square() / 2


def _mean(values: Tensor, asked: Tensor) -> Tensor:
    return torch.where(asked, values, 0.0).sum() / asked.sum().clamp_min(1)


def _check(logits: Tensor, borders: Tensor, values: Tensor) -> None:
    bars = logits.shape[-1]
    if bars < 3 or borders.shape != (bars + 1,) or values.shape != logits.shape[:-1]:
        raise RecipeError(
            f"bar_log_density needs logits (..., bars) of at least 3 bars, bars + 1 borders and a value for each, not "
            f"{tuple(logits.shape)}, {tuple(borders.shape)} and {tuple(values.shape)}"
        )
