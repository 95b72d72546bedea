"""Gaussian blur with a width of its own for each picture, for the whole batch in two depthwise convolutions."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from selflearn.data.batch import Batch
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, between, uniform


class Blur(DrawnView):
    """Convolve some pictures with a Gaussian whose deviation is uniform in `sigma`, mirrored at the borders.

    Parameters
    ----------
    sigma : (from, to) pixels, above 0. SimCLR, BYOL and DINO use (0.1, 2.0) at 224 pixels.
    probability : of blurring a sample.

    Changes
    -------
    blur : (batch,) deviation in pixels; 0 where not blurred.
    """

    def __init__(self, sigma: tuple[float, float] = (0.1, 2.0), probability: float = 0.5) -> None:
        self.sigma = checks.span(self, "sigma", sigma, 0.01, 100.0)
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One deviation a sample."""
        share = uniform(batch, 2, generator)
        return {"blur": torch.where(share[:, 0] < self.probability, between(share[:, 1], self.sigma), 0.0)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The blurred pictures."""
        chosen = changes["blur"].nonzero().squeeze(1)
        if len(chosen) == 0:
            return batch.values
        radius = min(math.ceil(3 * self.sigma[1]), min(batch.values.shape[-2:]) - 1)
        return batch.values.index_copy(0, chosen, gaussian_blur(batch.values[chosen], changes["blur"][chosen], radius))


def gaussian_blur(pictures: Tensor, sigma: Tensor, radius: int) -> Tensor:
    """Blur each picture by its own Gaussian.

    Parameters
    ----------
    pictures : (batch, channels, height, width) float.
    sigma : (batch,) deviations in pixels, above 0.
    radius : pixels at which the kernel ends; less than both sides.
    """
    samples, channels, height, width = pictures.shape
    offsets = torch.arange(-radius, radius + 1, device=pictures.device)
    kernels = torch.softmax(-0.5 * (offsets / sigma[:, None]) ** 2, dim=1).repeat_interleave(channels, dim=0)
    planes = F.pad(pictures, (radius, radius, radius, radius), mode="reflect").view(1, samples * channels, height + 2 * radius, -1)
    planes = F.conv2d(planes, kernels[:, None, None, :], groups=samples * channels)
    planes = F.conv2d(planes, kernels[:, None, :, None], groups=samples * channels)
    return planes.view(samples, channels, height, width)
