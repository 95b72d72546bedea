"""A contact sheet: a query and what was found, as one picture to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

CELL, GAP, CAPTION = 112, 14, 22
PAPER, TILE, INK, ACCENT = "#fbfaf7", "#e5e2db", "#1b1e23", "#0b5fa5"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(query: Image.Image, found: Sequence[tuple[Image.Image, str]], columns: int = 6) -> Image.Image:
    """The query first, framed, then what was found, in the given order.

    Parameters
    ----------
    query : its picture.
    found : picture and caption of each; of a caption too long for its place the end is kept, where paths differ.
    columns : pictures a row.
    """
    tiles = [(query, "query"), *found]
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    sheet = Image.new("RGB", (GAP + columns * (CELL + GAP), GAP + rows * (CELL + CAPTION + GAP)), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for position, (picture, caption) in enumerate(tiles):
        row, column = divmod(position, columns)
        left, top = GAP + column * (CELL + GAP), GAP + row * (CELL + CAPTION + GAP)
        sheet.paste(_tile(picture), (left, top))
        if position == 0:
            draw.rectangle((left - 4, top - 4, left + CELL + 3, top + CELL + 3), outline=ACCENT, width=2)
        draw.text((left, top + CELL + 6), _fitted(caption, font), fill=INK, font=font)
    return sheet


def _tile(picture: Image.Image) -> Image.Image:
    tile = Image.new("RGB", (CELL, CELL), TILE)
    scale = CELL / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    way = Image.Resampling.NEAREST if scale > 3 else Image.Resampling.LANCZOS
    tile.paste(picture.convert("RGB").resize(size, way), ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return tile


def _fitted(caption: str, font: Font) -> str:
    caption = caption.replace("\n", " ")
    if font.getlength(caption) <= CELL:
        return caption
    while caption and font.getlength("..." + caption) > CELL:
        caption = caption[1:]
    return "..." + caption
