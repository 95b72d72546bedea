"""How a series looks to a person: curves, or where channels are many a map of them over time."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

COLOURS = ("#1f5fa8", "#c8502d", "#2e8b57", "#8455a8", "#a87b1f", "#4a4a4a")
MOST_CURVES = 6
_REACH = 3.0


def curves(values: np.ndarray, size: int) -> Image.Image:
    """An RGB picture of (channels, steps) standardised values: a curve a channel over each other, up to three in one strip.

    More than six channels are shown as rows of a map, blue below the mean and red above. Curves reach over three deviations, or
    over all of their values where these go further.
    """
    values = np.nan_to_num(np.asarray(values, dtype=np.float64))
    if len(values) > MOST_CURVES:
        return _map(values, size)
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    strips = 1 if len(values) <= 3 else 2
    high = size / strips
    for strip in range(strips):
        rows = np.array_split(np.arange(len(values)), strips)[strip]
        reach = max(_REACH, float(np.abs(values[rows]).max(initial=0.0)))
        middle = (strip + 0.5) * high
        draw.line((0, middle, size, middle), fill="#dddddd")
        for row in rows:
            line = _thinned(values[row], 2 * size)
            across = np.linspace(0, size - 1, len(line))
            down = middle - line / reach * (high / 2 - 1)
            draw.line(list(zip(across.tolist(), down.tolist(), strict=True)), fill=COLOURS[row % len(COLOURS)])
    return image


def _thinned(line: np.ndarray, points: int) -> np.ndarray:
    """At most about `points` values that keep the peaks: the least and the largest of each stretch."""
    if len(line) <= points:
        return line if len(line) > 1 else np.repeat(line, 2)
    parts = np.array_split(line, points // 2)
    return np.array([each for part in parts for each in (part.min(), part.max())])


def _map(values: np.ndarray, size: int) -> Image.Image:
    share = np.clip(values / _REACH, -1, 1)[..., None]
    cold, warm = np.array([33, 102, 172]), np.array([178, 24, 43])
    colours = 255 + np.where(share < 0, -share * (cold - 255), share * (warm - 255))
    return Image.fromarray(colours.astype(np.uint8)).resize((size, size), Image.Resampling.BILINEAR)
