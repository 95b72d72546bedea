"""A text set in a small picture, for maps and rows of a report."""

from __future__ import annotations

import textwrap

from PIL import Image, ImageDraw, ImageFont

LETTER, LINE = 5, 11  # pixels of Pillow's embedded font at size 9


def text_picture(text: str, size: int = 64) -> Image.Image:
    """(size x size) RGB: as many lines of the text as fit, in small dark letters on white."""
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    across, down = max(size // LETTER, 4), max(size // LINE, 1)
    beginning = " ".join(text[: 2 * across * down].split())
    shown = "".join(each if each.isprintable() else "?" for each in beginning)
    lines = textwrap.wrap(shown, across, max_lines=down, placeholder=" ..") or [shown[:across]]
    font = ImageFont.load_default(size=9)
    for number, line in enumerate(lines):
        draw.text((2, number * LINE), line, fill=(40, 40, 48), font=font)
    return image
