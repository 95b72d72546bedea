"""What encoders of series look at: the channels, their steps, and of skeletons the body apart from its place in the room."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec


class SeriesInput(nn.Module):
    """Series at the unit scale to (batch, size, length) for a trunk; padding is 0.

    For skeletons (`spec.joints`) each joint is given relative to the middle of the body at that moment, in units of the body's mean
    extent, so that neither the place in the room nor the height of a person tells; the middle's own movement stays.

    Parameters
    ----------
    spec : of the series.
    joints : whether channels are taken as joints; needs a spec that has them.
    instance : each series has its own mean taken off each channel and is divided by its own deviation.
    steps : differences from step to step are given beside the values, at their own scale.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: SeriesSpec, joints: bool, instance: bool, steps: bool) -> None:
        super().__init__()
        self.joints, self.instance, self.steps = spec.joints if joints else 0, instance, steps
        width = len(spec.channels)
        if self.joints:
            width += len(spec.channels) // spec.joints
        self.size = width * (2 if steps else 1)
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32)[:, None])
        self.register_buffer("std", torch.tensor(spec.std, dtype=torch.float32)[:, None])

    def forward(self, batch: Batch) -> Tensor:
        """(batch, size, length)."""
        real = None if batch.mask is None else batch.mask[:, None].to(batch.values.dtype)
        values = batch.values
        if self.joints:
            values = self._body(values, real)
        if self.instance:
            values = normalised(values, real)
        if self.steps:
            step = values[..., 1:] - values[..., :-1]
            if real is not None:
                step = step * real[..., 1:]
            step = torch.nn.functional.pad(step, (1, 0))
            values = torch.cat([values, step / _size(step, real)], dim=1)
        return values if real is None else values * real

    def _body(self, values: Tensor, real: Tensor | None) -> Tensor:
        places = (values * self.std + self.mean).unflatten(1, (self.joints, -1))
        middle = places.mean(dim=1, keepdim=True)
        around = places - middle
        extent = _size(around.flatten(1, 2), real)
        moved = (middle - _mean(middle.squeeze(1), real).unsqueeze(1)).squeeze(1)
        return torch.cat([around.flatten(1, 2), moved], dim=1) / extent


def normalised(values: Tensor, real: Tensor | None) -> Tensor:
    """Each channel of each series at mean 0 and deviation 1 over its real steps; a channel that never changes becomes 0."""
    centred = values - _mean(values, real)
    square = _mean(centred.square(), real)
    return centred / (square + 1e-5).sqrt()


def _mean(values: Tensor, real: Tensor | None) -> Tensor:
    """(batch, channels, 1) over real steps."""
    if real is None:
        return values.mean(dim=2, keepdim=True)
    return (values * real).sum(dim=2, keepdim=True) / real.sum(dim=2, keepdim=True).clamp(min=1)


def _size(values: Tensor, real: Tensor | None) -> Tensor:
    """(batch, 1, 1) root mean square over channels and real steps."""
    return (_mean(values.square(), real).mean(dim=1, keepdim=True) + 1e-6).sqrt()
