"""The plain view of pictures as a module that can be exported: raw stored values in, a view at unit scale out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageBatch, ImageSpec
from selflearn.views.image.geometry import resample_box


class Deployed(nn.Module):
    """(batch, channels, height, width) as stored -> (batch, channels, side, side) in [0, 1].

    Where the batch knows true proportions (`ImageBatch.aspect`), they are a second input, width / height of each picture.
    """

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.low, self.scale = spec.low, 1.0 / (spec.high - spec.low)
        self.side, self.shape = min(spec.height, spec.width), (spec.height, spec.width)

    def forward(self, values: Tensor, aspect: Tensor | None = None) -> Batch:
        pictures = values.to(torch.float32)
        if aspect is not None or self.shape != (self.side, self.side):
            pictures = self._in_proportion(pictures, aspect)
        number = torch.zeros(values.shape[0], dtype=torch.int64)
        return Batch(((pictures - self.low) * self.scale).clamp(0.0, 1.0), number, number)

    def _in_proportion(self, pictures: Tensor, aspect: Tensor | None) -> Tensor:
        stored = self.shape[1] / self.shape[0]
        true = pictures.new_zeros(pictures.shape[:1]) + stored if aspect is None else aspect
        extent = torch.stack([1 / true, true], dim=1).clamp(min=1.0)
        crop = torch.cat([(1 - extent) / 2, extent], dim=1)
        return resample_box(pictures, crop, torch.zeros_like(extent, dtype=torch.bool), self.side)


def deployed(spec: ImageSpec) -> nn.Module:
    """The plain view as a module."""
    return Deployed(spec)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """Pictures as stored, and their true proportions where they are known."""
    aspect = batch.aspect if isinstance(batch, ImageBatch) else None
    return {"values": batch.values, **({} if aspect is None else {"aspect": aspect})}


def made_up(spec: ImageSpec, samples: int, seed: int = 0) -> Batch:
    """Random pictures over the whole range of a spec."""
    draw = np.random.default_rng(seed)
    values = draw.uniform(spec.low, spec.high, (samples, spec.channels, spec.height, spec.width)).astype(spec.dtype)
    return Batch(torch.from_numpy(values), torch.arange(samples), torch.full((samples,), -1))
