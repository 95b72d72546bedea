"""The kind's `plain` view as a module that can be exported: raw stored values in, a view at unit scale out.

A view works on batches of any size in chunks and draws from a generator; a graph must do neither. So each kind that can be
exported has one small module here, and every export is checked against the view itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageBatch, ImageSpec
from selflearn.data.spec import Spec
from selflearn.data.table import TableSpec
from selflearn.errors import RunError
from selflearn.views.image.geometry import resample_box


class Pictures(nn.Module):
    """(batch, channels, height, width) as stored -> (batch, channels, side, side) in [0, 1].

    Where the batch knows true proportions (`ImageBatch.aspect`), they are a second input, width / height of each picture.
    """

    def __init__(self, spec: ImageSpec) -> None:
        super().__init__()
        self.low, self.scale = spec.low, 1.0 / (spec.high - spec.low)
        self.side, self.shape = min(spec.height, spec.width), (spec.height, spec.width)

    def forward(self, values: Tensor, aspect: Tensor | None = None) -> Tensor:
        pictures = values.to(torch.float32)
        if aspect is not None or self.shape != (self.side, self.side):
            pictures = self._in_proportion(pictures, aspect)
        return ((pictures - self.low) * self.scale).clamp(0.0, 1.0)

    def _in_proportion(self, pictures: Tensor, aspect: Tensor | None) -> Tensor:
        stored = self.shape[1] / self.shape[0]
        true = pictures.new_zeros(pictures.shape[:1]) + stored if aspect is None else aspect
        extent = torch.stack([1 / true, true], dim=1).clamp(min=1.0)
        crop = torch.cat([(1 - extent) / 2, extent], dim=1)
        return resample_box(pictures, crop, torch.zeros_like(extent, dtype=torch.bool), self.side)


class Rows(nn.Module):
    """(batch, columns) float32 -> the same, with missing cells (NaN) at their column's mean."""

    mean: Tensor

    def __init__(self, spec: TableSpec) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32))

    def forward(self, values: Tensor) -> Tensor:
        values = values.to(torch.float32)
        return torch.where(torch.isnan(values), self.mean, values)


MODULES: dict[str, Callable[[Any], nn.Module]] = {ImageSpec.kind: Pictures, TableSpec.kind: Rows}


def preprocessing(spec: Spec) -> nn.Module:
    """The module for this kind of data; `RunError` names the kinds there are."""
    if spec.kind not in MODULES:
        raise RunError(
            f"{spec.kind} data cannot be exported yet, only {', '.join(MODULES)}; use the encoder from Python: run.embed(data)"
        )
    return MODULES[spec.kind](spec)


def inputs(batch: Batch) -> dict[str, Tensor]:
    """What the module reads of a batch, by name."""
    aspect = batch.aspect if isinstance(batch, ImageBatch) else None
    return {"values": batch.values, **({} if aspect is None else {"aspect": aspect})}


def made_up(spec: Spec, samples: int, seed: int = 0) -> Batch:
    """Random samples over the whole range of a spec, for a check where no real ones are at hand."""
    draw = np.random.default_rng(seed)
    if isinstance(spec, ImageSpec):
        values = draw.uniform(spec.low, spec.high, (samples, spec.channels, spec.height, spec.width)).astype(spec.dtype)
    elif isinstance(spec, TableSpec):
        values = draw.normal(spec.mean, spec.std, (samples, len(spec.columns))).astype(np.float32)
    else:
        raise RunError(f"samples of {spec.kind} data cannot be made up; give real ones as `check`")
    return Batch(torch.from_numpy(values), torch.arange(samples), torch.full((samples,), -1))
