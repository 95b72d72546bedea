"""Standardising inside the encoder, with buffers: so it travels with the weights, to safetensors and ONNX alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """(values - mean) / std along axis 1; a feature that never varies (std 0) is only centred.

    Parameters
    ----------
    mean, std : one number a channel or column, at the unit scale of the kind.
    axes : how many axes follow axis 1 (2 for pictures, 0 for tables).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float], axes: int) -> None:
        super().__init__()
        deviation = torch.tensor(std, dtype=torch.float64)
        shape = (-1, *(1,) * axes)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float64).float().reshape(shape))
        self.register_buffer("scale", torch.where(deviation > 0, 1 / deviation, 1.0).float().reshape(shape))

    def forward(self, values: Tensor) -> Tensor:
        return (values - self.mean) * self.scale
