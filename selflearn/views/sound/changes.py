"""Changes of waveforms as they run: a piece cut out, another loudness, noise. Values are at unit scale; padding stays 0."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import between, some, uniform
from selflearn.views.series.changes import SeriesView, lengths_of, normal

STRIP = 4
"""Recordings' worth of noise that is drawn for a batch."""


class Crop:
    """A piece of each recording, at most as long for all of a batch; nothing is stretched, and there is less to encode.

    Parameters
    ----------
    samples : the most that is kept.
    share : (least, most) of each recording (or of `samples`, where it is longer) that is kept.
    scope : "local" for views that show a small part.

    Changes
    -------
    crop : (batch, 2) first sample, and how many.
    """

    def __init__(self, samples: int, share: tuple[float, float] = (1.0, 1.0), scope: str = "global") -> None:
        self.samples = checks.whole(self, "samples", samples, 2, 1_000_000_000)
        self.share, self.scope = checks.span(self, "share", share, 0.01, 1.0), scope

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """The pieces, with `lengths` and `mask` where they differ in length."""
        if batch.values.ndim != 3:
            raise RecipeError(f"Crop changes sound (batch, channels, samples), not {tuple(batch.values.shape)}")
        with torch.no_grad():
            numbers = uniform(batch, 2, generator)
            had = lengths_of(batch)[:, 0]
            kept = (between(numbers[:, 0], self.share) * had.clamp(max=self.samples)).round().clamp(min=2)
            kept = torch.minimum(kept, had)
            begin = (numbers[:, 1] * (had - kept + 1)).floor().clamp(min=0)
            begin, kept = torch.minimum(begin, had - kept).long(), kept.long()
            longest = min(self.samples, batch.values.shape[2])
            if self.share[1] < 1:
                longest = max(2, int(self.share[1] * longest))
            values = stretches(F.pad(batch.values, (0, longest)), begin, longest)
            changes = {"crop": torch.stack([begin, kept], dim=1)}
            if batch.lengths is None and batch.mask is None and self.share[0] == 1:
                return batch.replace(values=values, changes=changes, scope=self.scope)
            kept = kept.clamp(max=longest)
            real = torch.arange(longest, device=batch.device) < kept[:, None]
            values = torch.where(real[:, None], values, 0)
            return batch.replace(values=values, lengths=kept, mask=real, changes=changes, scope=self.scope)


def stretches(values: Tensor, begin: Tensor, length: int) -> Tensor:
    """(batch, channels, length) of (batch, channels, samples), from sample `begin` (batch,) on."""
    return values.unfold(2, length, 1)[torch.arange(len(begin), device=begin.device), :, begin]


class Gain(SeriesView):
    """Another loudness.

    Parameters
    ----------
    decibels : (least, most) that is added.

    Changes
    -------
    gain : (batch, 1) decibels.
    """

    keeps_zero = True

    def __init__(self, decibels: tuple[float, float] = (-6.0, 6.0)) -> None:
        self.decibels = checks.span(self, "decibels", decibels, -120.0, 120.0)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """A gain each."""
        return {"gain": between(uniform(batch, 1, generator), self.decibels)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The louder or softer waveform."""
        return batch.values * (10 ** (changes["gain"] / 20))[..., None]


class Noise(SeriesView):
    """White noise at a given distance from the recording's own mean power.

    Each recording gets a stretch of one strip of noise that is drawn for the batch, a few times as long as a recording: drawing
    is what takes time, and shifted noise is as foreign to itself as other noise.

    Parameters
    ----------
    snr : (least, most) signal-to-noise ratio in decibels.
    probability : of a recording to get any.

    Changes
    -------
    snr : (batch, 1) decibels; infinite where there is no noise.
    noise : (batch, channels, samples) of deviation 1; 0 for recordings that were not drawn to have any.
    """

    def __init__(self, snr: tuple[float, float] = (5.0, 30.0), probability: float = 0.5) -> None:
        self.snr = checks.span(self, "snr", snr, -60.0, 120.0)
        self.probability = checks.probability(self, "probability", probability)

    keeps_zero = True

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The ratio, and the noise itself."""
        rows, noisy = some(batch, self.probability, generator)
        numbers = uniform(batch, 2, generator)[rows]
        ratio, noise = torch.full((len(batch), 1), torch.inf, device=batch.device), torch.zeros_like(batch.values)
        ratio[rows] = between(numbers[:, :1], self.snr).masked_fill(~noisy, torch.inf)
        if len(rows):
            noise[rows] = self._noise(batch, rows, numbers[:, 1], generator)
        return {"snr": ratio, "noise": noise}

    def _noise(self, batch: Batch, rows: Tensor, place: Tensor, generator: torch.Generator) -> Tensor:
        """(rows, channels, samples), beginning at a place in [0, 1) of the strip; 0 where there is padding."""
        _, channels, samples = batch.values.shape
        more = samples * (min(STRIP, len(rows)) - 1)
        strip = normal(batch, (1, channels, samples + more), generator).to(batch.values.dtype)
        noise = stretches(strip.expand(len(rows), -1, -1), (place * (more + 1)).long(), samples)
        return noise if batch.mask is None else torch.where(batch.mask[rows][:, None], noise, 0.0)

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy waveform."""
        energy = torch.linalg.vector_norm(batch.values, dim=2).square().mean(dim=1, keepdim=True)
        power = energy / lengths_of(batch).clamp(min=1)
        level = (power * 10 ** (-changes["snr"] / 10)).sqrt()
        return torch.addcmul(batch.values, level[..., None], changes["noise"])
