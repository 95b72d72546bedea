"""All that is a product or a stretch of the spectrum, in one Fourier transform: speed, equaliser, hidden bands, a room.

One transform for four changes keeps views cheap beside the network. Values are at unit scale; padding is 0 again afterwards.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.sound.spectrum import to_mel
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import between, some, uniform
from selflearn.views.series.changes import lengths_of, normal

SPEEDS = 11
"""Speeds are drawn from so many, evenly spaced in pitch: recordings of one speed are transformed together."""
KNOTS = 8
"""Frequencies between which the equaliser changes evenly."""


class Spectral:
    """Speed, colour, hidden bands and reverberation.

    Speed perturbation is that of Ko et al., "Audio augmentation for speech recognition", 2015: tempo and pitch together, as when a
    tape runs faster. Hidden bands are those of SpecAugment (Park et al., 2019). A room is noise that dies away exponentially
    (Moorer, "About this reverberation business", 1979), beside the direct sound.

    Parameters
    ----------
    rate : samples a second.
    speed : >= 0; factors are drawn from ``exp(-speed) .. exp(speed)``.
    equaliser : >= 0, deviation in decibels of the gain at 8 frequencies.
    bands : in [0, 1), the largest share of the mel scale that is hidden in one band, as SpecAugment draws it.
    room : probability of reverberation.
    decay : (least, most) seconds in which it falls by 60 dB.
    wet : (least, most) decibels of its energy beside the direct sound.

    Changes
    -------
    speed : (batch, 1), met within two per cent. equaliser : (batch, 8) decibels.
    bands : (batch, 2) hidden from, to, as shares of the mel scale.
    room : (batch, taps) response after the direct sound; there is none where nobody asked for rooms.
    """

    def __init__(
        self,
        rate: int,
        speed: float = 0.1,
        equaliser: float = 4.0,
        bands: float = 0.2,
        room: float = 0.3,
        decay: tuple[float, float] = (0.1, 0.5),
        wet: tuple[float, float] = (-15.0, 0.0),
    ) -> None:
        self.rate = checks.whole(self, "rate", rate, 1, 10_000_000)
        self.speed = checks.number(self, "speed", speed, 0.0, 1.0)
        self.equaliser = checks.number(self, "equaliser", equaliser, 0.0, 60.0)
        self.bands, self.room = checks.number(self, "bands", bands, 0.0, 0.99), checks.probability(self, "room", room)
        self.decay, self.wet = checks.span(self, "decay", decay, 0.01, 10.0), checks.span(self, "wet", wet, -60.0, 20.0)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One row of parameters a recording."""
        numbers = uniform(batch, 3, generator)
        step = (numbers[:, :1] * SPEEDS).floor().clamp(max=SPEEDS - 1)
        changes = {"speed": (self.speed * (2 * step / (SPEEDS - 1) - 1)).exp()}
        changes["equaliser"] = self.equaliser * normal(batch, (len(batch), KNOTS), generator)
        width = self.bands * numbers[:, 1:2]
        begin = numbers[:, 2:3] * (1 - width)
        changes["bands"] = torch.cat([begin, begin + width], dim=1)
        if self.room > 0:
            changes["room"] = self._responses(batch, generator)
        return changes

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        if batch.values.ndim != 3 or not batch.values.is_floating_point():
            raise RecipeError(f"Spectral changes sound at unit scale (batch, channels, samples), not {tuple(batch.values.shape)}")
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            changes = self.draw(batch, generator)
            return self.apply(batch, changes)

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Batch:
        """The batch changed by these parameters; where speeds differ, so do lengths."""
        longest = batch.values.shape[2]
        size = smooth(longest + (changes["room"].shape[1] if "room" in changes else 0))
        spectrum = torch.fft.rfft(batch.values.float(), size, norm="forward")
        spectrum *= self._response(changes, size)[:, None]
        if "room" in changes:
            _reverberate(spectrum, changes["room"], size)
        values = torch.zeros_like(batch.values, dtype=torch.float32)
        lengths = lengths_of(batch).clone()
        for speed in changes["speed"].unique().tolist():
            rows = torch.nonzero(changes["speed"][:, 0] == speed).flatten()
            other = size if speed == 1 else smooth(round(size / speed))
            changed = torch.fft.irfft(spectrum[rows], other, norm="forward")[..., :longest]  # already divided by `size`
            values[rows, :, : changed.shape[2]] = changed
            lengths[rows] = (lengths[rows] * other / size).round().clamp(2, longest)
        if self.speed == 0 and batch.mask is None:
            return batch.replace(values=values, changes=changes)
        lengths = lengths.long()
        real = torch.arange(longest, device=batch.device) < lengths
        return batch.replace(values=torch.where(real[:, None], values, 0.0), lengths=lengths[:, 0], mask=real, changes=changes)

    def _response(self, changes: dict[str, Tensor], size: int) -> Tensor:
        """(batch, bins) by which the spectrum is multiplied."""
        curves, mels = _axes(self.rate, size, changes["equaliser"].device)
        begin, end = changes["bands"].split(1, dim=1)
        hidden = (mels >= begin) & (mels < end)
        return (changes["equaliser"] @ curves).mul_(math.log(10) / 20).exp_().masked_fill_(hidden, 0.0)

    def _responses(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """(batch, taps) decaying noise of the drawn energy; zeros for those that stay dry."""
        rows, reverberant = some(batch, self.room, generator)
        numbers = uniform(batch, 2, generator)[rows]
        decay, wet = between(numbers[:, :1], self.decay), between(numbers[:, 1:], self.wet)
        taps = max(1, round(self.rate * self.decay[1] / 2))  # 30 dB: beyond, little is heard
        fall = (-math.log(1000) * torch.arange(taps, device=batch.device) / (decay * self.rate)).exp()
        noise = normal(batch, (len(rows), taps), generator) * fall
        energy = noise.square().sum(dim=1, keepdim=True).clamp(min=1e-12)
        responses = torch.zeros(len(batch), taps, device=batch.device)
        responses[rows] = noise * (10 ** (wet / 10) / energy).sqrt() * reverberant
        return responses


def _reverberate(spectrum: Tensor, room: Tensor, size: int) -> None:
    """Multiply (batch, channels, bins) by the response of each room, in place.

    Few recordings have a room. On the CPU only theirs are transformed; elsewhere asking which would wait for the device.
    """
    rows = torch.nonzero(room.any(dim=1)).flatten() if room.device.type == "cpu" else torch.arange(len(room), device=room.device)
    if len(rows):
        spectrum[rows] *= 1 + torch.fft.rfft(F.pad(room[rows], (1, 0)), size)[:, None]


@lru_cache(maxsize=256)
def smooth(least: int) -> int:
    """The smallest even number from `least` on without a prime factor above 13: such transforms are fast."""
    number = least + least % 2
    while True:
        rest = number
        for factor in (2, 3, 5, 7, 11, 13):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return number
        number += 2


@lru_cache(maxsize=32)
def _axes(rate: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(knots, bins) what each knot of the equaliser gives to each bin, and (bins,) each bin's share of the mel scale."""
    bins = torch.arange(size // 2 + 1, dtype=torch.float64) * rate / size
    mels = to_mel(bins) / to_mel(torch.tensor(rate / 2, dtype=torch.float64))
    place = mels[:, None] * (KNOTS - 1) - torch.arange(KNOTS)
    return (1 - place.abs()).clamp(min=0).T.float().to(device), mels.float().to(device)
