"""Brightness, contrast, saturation, hue and grey as ONE matrix a sample, composed in closed form and applied once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, between, uniform

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's "L"
BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)


class Colour(DrawnView):
    """Jitter colours in a random order, then turn some pictures grey.

    As in SimCLR (Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020). Every step is
    affine in a pixel y: brightness f y, contrast f y + (1 - f) m, saturation f y + (1 - f) grey(y), hue R y, grey grey(y). Here m,
    the picture's mean grey at that step, follows from the mean of the untouched picture through the matrix so far, so no
    picture is looked at twice. Values are clipped to [0, 1] once, at the end; torchvision clips after each step.

    Hue turns the colour about the grey axis by 2 pi times its factor. At thirds of a turn that permutes the channels, exactly
    as a shift of HSV's hue does; between, HSV moves along a hexagon where this moves along a circle, and HSV keeps the largest
    channel where this keeps the mean of the three.

    Pictures without three colour channels get brightness and contrast only, about the mean of all channels.

    Parameters
    ----------
    brightness, contrast, saturation : >= 0; the factor is uniform in [max(0, 1 - x), 1 + x].
    hue : in [0, 0.5], share of a turn; the shift is uniform in [-hue, hue].
    probability : of jittering a sample at all.
    grey : probability of turning it grey.
    coloured : False where three channels are no red, green and blue.

    Changes
    -------
    jitter : (batch, 4) factors of brightness, contrast and saturation, shift of hue; (1, 1, 1, 0) where not jittered.
    jitter_order : (batch, 4) int64, the order they were applied in.
    grey : (batch,) bool.
    """

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.1,
        probability: float = 0.8,
        grey: float = 0.2,
        coloured: bool = True,
    ) -> None:
        strengths = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        spans = [(max(0.0, 1 - x), 1 + x) for x in (checks.number(self, name, value, 0.0) for name, value in strengths.items())]
        hue = checks.number(self, "hue", hue, 0.0, 0.5)
        self.spans = [*spans, (-hue, hue)]
        self.probability = checks.probability(self, "probability", probability)
        self.grey = checks.probability(self, "grey", grey)
        self.coloured = coloured

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Factors, their order and greyness of each sample."""
        share = uniform(batch, 10, generator)
        neutral = torch.tensor([1.0, 1.0, 1.0, 0.0], device=batch.device)
        factors = torch.stack([between(share[:, step], self.spans[step]) for step in range(4)], dim=1)
        jittered = share[:, 8:9] < self.probability
        grey = share[:, 9] < self.grey
        if not self._has_colour(batch):
            jittered = jittered & (torch.arange(4, device=batch.device) <= CONTRAST)
            grey = torch.zeros_like(grey)
        order = share[:, 4:8].argsort(dim=1)
        return {"jitter": torch.where(jittered, factors, neutral), "jitter_order": order, "grey": grey}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The jittered pictures, float32 in [0, 1]."""
        values, factors, order = batch.values, changes["jitter"], changes["jitter_order"]
        samples, channels = values.shape[:2]
        if self._has_colour(batch):
            matrix = colour_matrix(factors, order, changes["grey"], values.mean(dim=(2, 3)))
            pixels = values.reshape(samples, channels, -1)
            return torch.baddbmm(matrix[:, :, 3:], matrix[:, :, :3], pixels).clamp_(0, 1).view_as(values)
        gain, offset = tone(factors, values.mean(dim=(1, 2, 3)))
        return torch.addcmul(offset.view(-1, 1, 1, 1), values, gain.view(-1, 1, 1, 1)).clamp_(0, 1)

    def _has_colour(self, batch: Batch) -> bool:
        return self.coloured and batch.values.shape[1] == 3


def colour_matrix(factors: Tensor, order: Tensor, grey: Tensor, mean: Tensor) -> Tensor:
    """(batch, 3, 4) the matrix [A | b] with y = A x + b of the composed steps.

    Parameters
    ----------
    factors, order, grey : as in `Colour`'s changes.
    mean : (batch, 3) the mean red, green and blue of each picture.
    """
    samples, device = len(factors), factors.device
    eye, luma = torch.eye(3, device=device), torch.tensor(LUMA, device=device)
    to_grey = luma.expand(3, 3)
    gains = factors[:, :HUE, None, None] * eye
    gains[:, SATURATION] += (1 - factors[:, SATURATION, None, None]) * to_grey
    steps = torch.cat([gains, _turn(factors[:, HUE])[:, None]], dim=1)
    rows = torch.arange(samples, device=device)[:, None]
    steps = steps[rows, order]
    pivots = torch.where(order == CONTRAST, 1 - factors[:, CONTRAST, None], 0.0)
    mean = torch.cat([mean, torch.ones(samples, 1, device=device)], dim=1)
    matrix = torch.eye(3, 4, device=device).expand(samples, 3, 4)
    for step in range(4):
        mean_grey = ((luma @ matrix) * mean).sum(dim=1)
        matrix = torch.bmm(steps[:, step], matrix)
        matrix[:, :, 3] += (pivots[:, step] * mean_grey)[:, None]
    return torch.where(grey[:, None, None], to_grey @ matrix, matrix)


def tone(factors: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """(batch,) gain and offset of brightness and contrast, which commute, for pictures of this mean (batch,)."""
    brightness, contrast = factors[:, BRIGHTNESS], factors[:, CONTRAST]
    return brightness * contrast, brightness * (1 - contrast) * mean


def _turn(shift: Tensor) -> Tensor:
    """(batch, 3, 3) rotations about the grey axis; a third of a turn takes red to green."""
    cos, sin = torch.cos(2 * math.pi * shift), torch.sin(2 * math.pi * shift) / math.sqrt(3)
    even = (1 - cos) / 3
    same, up, down = cos + even, even + sin, even - sin
    return torch.stack([same, down, up, up, same, down, down, up, same], dim=1).view(-1, 3, 3)
