"""A row as a strip of bars, one a column."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

UP, DOWN, CATEGORY, GAP = (70, 130, 180), (205, 92, 92), (122, 158, 110), (225, 225, 225)
HUES = 12


def draw_row(scaled: np.ndarray, codes: tuple[int, ...], size: int) -> Image.Image:
    """Bars up or down from a number's mean, three deviations fill the height; a category fills its bar, darker the rarer.

    Parameters
    ----------
    scaled : (columns,) a row at the unit scale; NaN is a missing cell, shown as a grey bar.
    codes : for each column how many codes its category has, 0 for a number.
    size : side of the picture in pixels; of more columns, as many are shown as there are pixels.
    """
    image = Image.new("RGB", (size, size), "white")
    pen, middle = ImageDraw.Draw(image), size / 2
    shown = min(len(scaled), size)
    wide = size / max(shown, 1)
    for place in range(shown):
        left, right = place * wide, max((place + 1) * wide - 1, place * wide)
        value = float(scaled[place])
        if np.isnan(value):
            pen.rectangle((left, 0, right, size), fill=GAP)
        elif codes[place]:
            pen.rectangle((left, 0, right, size), fill=_shade(int(value), codes[place]))
        else:
            top, bottom = sorted((middle, middle - min(max(value / 3, -1), 1) * middle))
            pen.rectangle((left, top, right, bottom), fill=UP if value >= 0 else DOWN)
    return image


def _shade(code: int, count: int) -> tuple[int, int, int]:
    """Light for the most frequent category, dark for the rarest."""
    share = 0.0 if count < 3 else ((code - 1) % count) / (count - 1)
    red, green, blue = (round(255 - (255 - part) * (0.35 + 0.65 * share)) for part in CATEGORY)
    return red, green, blue
