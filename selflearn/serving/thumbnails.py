"""Many small pictures in one sheet, as a data address: a page of 1,500 thumbnails is then one image of a few hundred kB."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

HEAVIEST = 1_600_000  # bytes of one sheet; quality is lowered until it fits


@dataclass(frozen=True)
class Sprite:
    """A sheet of square cells, row by row.

    Attributes
    ----------
    address : the sheet as a `data:` address.
    cell : side of a cell in pixels.
    columns, rows : cells across and down.
    pixelated : True where pictures are so small that a browser should enlarge them without smoothing.
    """

    address: str
    cell: int
    columns: int
    rows: int
    pixelated: bool

    def style(self, position: int) -> str:
        """CSS that shows cell `position` in a square element of any size (the sheet itself comes from a class)."""
        row, column = divmod(position, self.columns)
        across = 100 * column / max(self.columns - 1, 1)
        down = 100 * row / max(self.rows - 1, 1)
        return f"background-position:{across:.4g}% {down:.4g}%"

    @property
    def size(self) -> str:
        """CSS `background-size` for `style`."""
        return f"{100 * self.columns}% {100 * self.rows}%"


def data_address(picture: Image.Image, quality: int | None = None) -> str:
    """A picture as a WebP `data:` address; lossless without `quality`."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=quality is None, quality=100 if quality is None else quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def sprite(pictures: Sequence[Image.Image], largest: int = 48) -> Sprite | None:
    """One sheet of all pictures, each fitted into a square cell of at most `largest` pixels. None where there are none.

    Small sheets are lossless; heavier ones are compressed until they stay below 1.6 MB.
    """
    if not pictures:
        return None
    cell = min(largest, max(max(picture.size) for picture in pictures))
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * cell, rows * cell), (127, 127, 127))
    for position, picture in enumerate(pictures):
        fitted = picture.convert("RGB")
        fitted.thumbnail((cell, cell), Image.Resampling.LANCZOS)
        row, column = divmod(position, columns)
        sheet.paste(fitted, (column * cell + (cell - fitted.width) // 2, row * cell + (cell - fitted.height) // 2))
    for quality in (None, 85, 70, 50, 30):
        address = data_address(sheet, quality)
        if len(address) <= HEAVIEST:
            break
    return Sprite(address, cell, columns, rows, cell <= 32)
