"""A rectangle of each picture is filled with one value (Zhong et al., "Random Erasing Data Augmentation", 2020)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, between, uniform


class Erase(DrawnView):
    """Erase one rectangle from some pictures.

    Parameters
    ----------
    scale : (from, to) share of the picture's area, in [0, 1], uniform.
    ratio : (from, to) height / width in pixels, log-uniform; bounded further, where needed, so that the area fits into the picture.
    probability : of erasing in a sample.
    fill : in [0, 1], the value that is left.

    Changes
    -------
    erase : (batch, 4) int64 top, left, height, width in pixels; height and width 0 where nothing was erased.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        probability: float = 0.5,
        fill: float = 0.5,
    ) -> None:
        self.scale = checks.span(self, "scale", scale, 0.0, 1.0)
        self.ratio = checks.span(self, "ratio", ratio, 1e-2, 1e2)
        self.probability = checks.probability(self, "probability", probability)
        self.fill = checks.probability(self, "fill", fill)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One rectangle a sample."""
        height, width = batch.values.shape[-2:]
        chance, share, slope, top, left = uniform(batch, 5, generator).unbind(1)
        area = between(share, self.scale) * (height * width)
        slope = between(slope, (math.log(self.ratio[0]), math.log(self.ratio[1]))).exp()
        slope = torch.minimum(torch.maximum(slope, area / width**2), height**2 / area.clamp(min=1e-6))
        chosen = chance < self.probability
        tall = (area * slope).sqrt().round().clamp(max=height) * chosen
        wide = (area / slope).sqrt().round().clamp(max=width) * chosen
        return {"erase": torch.stack([top * (height - tall + 1), left * (width - wide + 1), tall, wide], dim=1).floor().long()}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The pictures with their holes."""
        return torch.where(rectangles(changes["erase"], *batch.values.shape[-2:]), self.fill, batch.values)


def rectangles(boxes: Tensor, height: int, width: int) -> Tensor:
    """(batch, 1, height, width) bool, True inside each row's (top, left, height, width)."""
    top, left, tall, wide = (side[:, None] for side in boxes.unbind(1))
    rows, columns = torch.arange(height, device=boxes.device), torch.arange(width, device=boxes.device)
    inside_rows, inside_columns = (rows >= top) & (rows < top + tall), (columns >= left) & (columns < left + wide)
    return inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
