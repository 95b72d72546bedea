"""Changes of the values of series: noise, scale, level, sign, frequencies, hidden spans, lost channels, turned sensors.

Values are at the unit scale (each channel with deviation 1 over the data set); padding stays 0. All of a batch is changed at once.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, between, uniform


class SeriesView(DrawnView):
    """Base: `changed` gives new values, and what is padding is 0 again afterwards.

    Class attributes
    ----------------
    keeps_zero : True where what is padding is 0 already in what `changed` gives.
    """

    keeps_zero: ClassVar[bool] = False

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The changed series, (batch, channels, length)."""
        if batch.values.ndim != 3:
            name = type(self).__name__
            raise RecipeError(f"{name} changes series (batch, channels, length), not {tuple(batch.values.shape)}")
        values = self.changed(batch, changes)
        # On a CPU, choosing by a mask takes half the time of filling by it.
        return values if self.keeps_zero or batch.mask is None else torch.where(batch.mask[:, None], values, 0.0)

    @abstractmethod
    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """New values; those at padding do not matter."""


def lengths_of(batch: Batch) -> Tensor:
    """(batch, 1) float32, the real steps of each series."""
    if batch.lengths is None:
        return torch.full((len(batch), 1), float(batch.values.shape[2]), device=batch.device)
    return batch.lengths[:, None].to(torch.float32)


def normal(batch: Batch, shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Standard normal numbers, drawn where the generator lives."""
    return torch.randn(*shape, generator=generator, device=generator.device).to(batch.device)


class Jitter(SeriesView):
    """Gaussian noise on every value.

    Parameters
    ----------
    deviation : >= 0, in deviations of the channel.

    Changes
    -------
    noise : (batch, channels, length) what was added.
    """

    def __init__(self, deviation: float = 0.05) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The noise itself."""
        return {"noise": self.deviation * normal(batch, batch.values.shape, generator)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy series."""
        return batch.values + changes["noise"]


class Scale(SeriesView):
    """Each channel is multiplied by a factor and moved by a level of its own.

    Parameters
    ----------
    factor : >= 0, deviation of the logarithm of the factor, which is the same for all channels of a joint-structured series.
    level : >= 0, deviation of what is added.
    together : the same factor for all channels, where their sizes mean something beside each other (skeletons).

    Changes
    -------
    factor, level : (batch, channels).
    """

    def __init__(self, factor: float = 0.1, level: float = 0.0, together: bool = False) -> None:
        self.factor = checks.number(self, "factor", factor, 0.0, 5.0)
        self.level, self.together = checks.number(self, "level", level, 0.0), together

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """A factor and a level a channel."""
        size = tuple(batch.values.shape[:2])
        factor = (self.factor * normal(batch, (size[0], 1 if self.together else size[1]), generator)).exp()
        return {"factor": factor.expand(size), "level": self.level * normal(batch, size, generator)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The scaled series."""
        return batch.values * changes["factor"][..., None] + changes["level"][..., None]


class Hide(SeriesView):
    """Spans of time become 0 (the mean) in every channel.

    Parameters
    ----------
    share : in [0, 1), of the real steps that are hidden in all.
    spans : how many spans they come in; these may overlap.

    Changes
    -------
    hidden : (batch, spans) where each span begins, as a share of the series.
    """

    keeps_zero = True

    def __init__(self, share: float = 0.2, spans: int = 2) -> None:
        self.share, self.spans = checks.number(self, "share", share, 0.0, 0.99), checks.whole(self, "spans", spans, 1, 1000)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Where spans begin."""
        return {"hidden": uniform(batch, self.spans, generator) * (1 - self.share / self.spans)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The series with holes."""
        place = torch.arange(batch.values.shape[2], device=batch.device) / lengths_of(batch)
        begin = changes["hidden"][:, :, None]
        hidden = ((place[:, None] >= begin) & (place[:, None] < begin + self.share / self.spans)).any(dim=1)
        nothing = hidden if batch.mask is None else hidden | ~batch.mask
        return torch.where(nothing[:, None], 0.0, batch.values)


class Frequencies(SeriesView):
    """Every frequency is multiplied by a random factor, and some are taken away.

    Zhang et al., "Self-Supervised Contrastive Pre-Training For Time Series via Time-Frequency Consistency", 2022, remove and
    amplify components; here all of them change a little.

    Parameters
    ----------
    deviation : >= 0, of the logarithm of each factor.
    removed : in [0, 1], probability of a frequency above zero to be taken away.

    Changes
    -------
    gain : (batch, frequencies).
    """

    def __init__(self, deviation: float = 0.3, removed: float = 0.1) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0, 5.0)
        self.removed = checks.probability(self, "removed", removed)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """A factor a frequency; the level (frequency zero) keeps its own."""
        count = batch.values.shape[2] // 2 + 1
        gain = (self.deviation * normal(batch, (len(batch), count), generator)).exp()
        gain = gain * (uniform(batch, count, generator) >= self.removed)
        gain[:, 0] = 1.0
        return {"gain": gain}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The series with another spectrum."""
        spectrum = torch.fft.rfft(batch.values, dim=2) * changes["gain"][:, None]
        return torch.fft.irfft(spectrum, n=batch.values.shape[2], dim=2)


class DropChannels(SeriesView):
    """Whole channels become 0, but never all of a series.

    Parameters
    ----------
    probability : of each channel to be lost.
    per : channels that are lost together (the axes of one sensor, the coordinates of one joint).

    Changes
    -------
    lost : (batch, channels) bool.
    """

    def __init__(self, probability: float = 0.1, per: int = 1) -> None:
        self.probability = checks.probability(self, "probability", probability)
        self.per = checks.whole(self, "per", per, 1, 10_000)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which channels are lost."""
        units = -(-batch.values.shape[1] // self.per)
        scores = uniform(batch, units, generator)
        lost = (scores < self.probability) & (scores != scores.amax(dim=1, keepdim=True))
        return {"lost": lost.repeat_interleave(self.per, dim=1)[:, : batch.values.shape[1]]}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The series with fewer channels."""
        return batch.values.masked_fill(changes["lost"][..., None], 0.0)


class Flip(SeriesView):
    """All channels change their sign.

    Parameters
    ----------
    probability : of each series to be turned over.

    Changes
    -------
    flipped : (batch, 1) bool.
    """

    def __init__(self, probability: float = 0.5) -> None:
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which series."""
        return {"flipped": uniform(batch, 1, generator) < self.probability}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The series, some of them turned over."""
        return torch.where(changes["flipped"][..., None], -batch.values, batch.values)


class Rotate(SeriesView):
    """Sensors of three axes (or joints of three coordinates) are turned about a random axis, all of them alike.

    Turned are deviations from each channel's mean, in the units of the data: a sensor worn at another angle, to first order.

    Parameters
    ----------
    degrees : the largest angle, in [0, 180].
    std : deviation of each channel, to come to the units of the data and back.
    upright : the axis is the second coordinate's, as for people who face another way.

    Changes
    -------
    turn : (batch, 3, 3) the rotation.
    """

    def __init__(self, degrees: float, std: Sequence[float], upright: bool = False) -> None:
        self.degrees, self.upright = checks.number(self, "degrees", degrees, 0.0, 180.0), upright
        if len(std) % 3:
            raise RecipeError(f"Rotate: sensors of three axes are needed, and there are {len(std)} channels; set rotation to 0")
        self.std = torch.tensor(list(std), dtype=torch.float32)[:, None]

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Axis and angle of each series, as a matrix (Rodrigues' formula)."""
        axis = torch.nn.functional.normalize(normal(batch, (len(batch), 3), generator), dim=1)
        if self.upright:
            axis = torch.zeros_like(axis).index_fill_(1, torch.tensor([1], device=axis.device), 1.0)
        angle = between(uniform(batch, 1, generator), (-1.0, 1.0))[..., None] * math.radians(self.degrees)
        zero = torch.zeros_like(axis[:, 0])
        x, y, z = axis.unbind(1)
        cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(-1, 3, 3)
        return {"turn": torch.eye(3, device=axis.device) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The turned series."""
        std = self.std.to(batch.device)
        vectors = (batch.values * std).unflatten(1, (-1, 3))
        return torch.einsum("bij,bsjt->bsit", changes["turn"].to(vectors.dtype), vectors).flatten(1, 2) / std
