"""The dull description of a series, and a strong one: statistics of each channel, and its values at evenly spaced points."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec

MOST_FEATURES = 4096
POINTS = 128
STATISTICS = 9


def described(spec: SeriesSpec, batch: Batch) -> Tensor:
    """(batch, features) float32 of raw series: `standardised` series through `describe`."""
    return describe(standardised(spec, batch), batch.lengths, spec.length)


def standardised(spec: SeriesSpec, batch: Batch) -> Tensor:
    """(batch, channels, length) float32, each channel at mean 0 and deviation 1 over the data set; padding is 0."""
    mean, std = (torch.tensor(each, dtype=torch.float32, device=batch.device)[:, None] for each in (spec.mean, spec.std))
    values = (batch.values.to(torch.float32) - mean) / std
    return values if batch.mask is None else values * batch.mask[:, None]


def describe(values: Tensor, lengths: Tensor | None, longest: int) -> Tensor:
    """(batch, features) of standardised series (batch, channels, length).

    Of each channel: mean, deviation, least, largest, the quartiles, the mean size of a step and the deviation of steps, all over
    its real steps; then its values at min(128, `longest`, what keeps features within 4,096) evenly spaced points of its own length.
    """
    batch, channels, length = values.shape
    points = max(1, min(POINTS, longest, (MOST_FEATURES - STATISTICS * channels) // max(channels, 1)))
    counts = torch.full((batch,), length, device=values.device) if lengths is None else lengths
    real = torch.arange(length, device=values.device) < counts[:, None]
    kept = values if lengths is None else torch.where(real[:, None], values, torch.nan)
    steps = kept.diff(dim=2) if length > 1 else torch.zeros_like(kept)
    quartiles = torch.nanquantile(kept, torch.tensor([0.25, 0.5, 0.75], device=values.device), dim=2).permute(1, 2, 0)
    mean, spread = _moments(kept)
    _, jump = _moments(steps)
    statistics = torch.stack(
        [
            mean,
            spread,
            torch.nan_to_num(kept, nan=torch.inf).amin(2),
            torch.nan_to_num(kept, nan=-torch.inf).amax(2),
            *quartiles.unbind(2),
            steps.abs().nanmean(2),
            jump,
        ],
        dim=2,
    )
    places = torch.linspace(0, 1, points, device=values.device) * (counts[:, None] - 1)
    resampled = at_places(values, places)
    return torch.nan_to_num(torch.cat([statistics.flatten(1), resampled.flatten(1)], dim=1)).to(torch.float32)


def at_places(values: Tensor, places: Tensor) -> Tensor:
    """(batch, channels, points): series (batch, channels, length) read at fractional positions (batch, points), linearly."""
    low = places.floor().clamp(0, values.shape[2] - 1)
    share = (places - low)[:, None].to(values.dtype)
    first = low.long()
    second = (first + 1).clamp(max=values.shape[2] - 1)
    index = first[:, None].expand(-1, values.shape[1], -1), second[:, None].expand(-1, values.shape[1], -1)
    return values.gather(2, index[0]) * (1 - share) + values.gather(2, index[1]) * share


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation along time, of what is not NaN."""
    mean = values.nanmean(2)
    return mean, (values - mean[..., None]).square().nanmean(2).clamp(min=0).sqrt()
