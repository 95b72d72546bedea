"""One of several devices that recorded the same moments: what it alone recorded."""

from __future__ import annotations

import torch

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError


class Device:
    """The channels of one device; nothing is changed or drawn.

    Parameters
    ----------
    number : which device, from 0.
    devices : how many there are; channels are ordered device by device.

    Raises
    ------
    RecipeError : there is no such device, or the channels are not those of so many.
    """

    def __init__(self, number: int, devices: int) -> None:
        if not 0 <= number < devices:
            raise RecipeError(f"Device: number = {number} must be at least 0 and below {devices}")
        self.number, self.devices = number, devices

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        if batch.values.ndim != 3 or batch.values.shape[1] % self.devices:
            raise RecipeError(
                f"Device takes the channels of {self.devices} devices, not series of shape {tuple(batch.values.shape)}"
            )
        return batch.replace(values=batch.values.chunk(self.devices, dim=1)[self.number])
