"""A sheet shows each picture in its own cell, and stays light."""

import base64
import io

import numpy as np
from PIL import Image

from selflearn.serving.thumbnails import HEAVIEST, data_address, sprite


def opened(address):
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB")


def test_each_cell_holds_its_picture():
    colours = [(value * 20, 255 - value * 20, 90) for value in range(7)]
    sheet = sprite([Image.new("RGB", (8, 8), colour) for colour in colours])
    pixels = opened(sheet.address)
    assert (sheet.cell, sheet.columns, sheet.rows) == (8, 3, 3)
    for position, colour in enumerate(colours):
        row, column = divmod(position, sheet.columns)
        assert pixels.getpixel((column * 8 + 4, row * 8 + 4)) == colour


def test_proportions_are_kept_and_modes_accepted():
    sheet = sprite([Image.new("L", (100, 20), 255), Image.new("RGBA", (20, 100), (255, 0, 0, 255))], largest=50)
    pixels = opened(sheet.address)
    assert sheet.cell == 50
    assert pixels.getpixel((25, 25)) == (255, 255, 255)
    assert pixels.getpixel((25, 5)) == (127, 127, 127)


def test_a_heavy_sheet_is_compressed():
    draw = np.random.default_rng(0)
    noise = [Image.fromarray(draw.integers(0, 256, (48, 48, 3), dtype=np.uint8)) for _ in range(400)]
    sheet = sprite(noise)
    assert len(sheet.address) <= HEAVIEST


def test_no_pictures_no_sheet():
    assert sprite([]) is None


def test_a_lossless_address_gives_the_picture_back():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8))
    assert np.array_equal(np.asarray(opened(data_address(picture))), np.asarray(picture))
