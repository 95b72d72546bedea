"""A task as points on paper."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

COLOURS = ((70, 130, 180), (205, 92, 92), (122, 158, 110), (218, 165, 32), (128, 100, 160), (90, 90, 90))


def draw_task(values: np.ndarray, targets: np.ndarray, classes: int, size: int) -> Image.Image:
    """Numbers over the first feature; classes as colours over the first two, or along a line where there is one.

    Parameters
    ----------
    values, targets : (points, features) and (points,) of one task.
    classes : how many there are at most; 0 for numbers.
    size : side of the picture in pixels.
    """
    image = Image.new("RGB", (size, size), "white")
    pen, radius = ImageDraw.Draw(image), max(1.0, size / 40)
    second = targets if not classes else values[:, min(1, values.shape[1] - 1)]
    across, up = _placed(values[:, 0], size), size - _placed(second, size)
    for x, y, target in zip(across, up, targets, strict=True):
        colour = COLOURS[int(target) % len(COLOURS) if classes else 0]
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def _placed(numbers: np.ndarray, size: int) -> np.ndarray:
    """Numbers to pixels, with a margin."""
    low, high = float(numbers.min()), float(numbers.max())
    return size * (0.06 + 0.88 * (numbers - low) / max(high - low, 1e-12))
