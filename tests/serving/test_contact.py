"""A contact sheet holds the query and every answer."""

from PIL import Image

from selflearn.serving.contact import CAPTION, CELL, GAP, contact_sheet


def test_every_picture_has_its_place():
    colours = ["red", "green", "blue", "white", "black"]
    sheet = contact_sheet(
        Image.new("RGB", (30, 30), "yellow"),
        [(Image.new("L" if c == "white" else "RGB", (8, 8), c), "0.9") for c in colours],
        columns=3,
    )
    assert sheet.size == (GAP + 3 * (CELL + GAP), GAP + 2 * (CELL + CAPTION + GAP))
    assert sheet.getpixel((GAP + CELL // 2, GAP + CELL // 2)) == (255, 255, 0)
    assert sheet.getpixel((GAP + CELL // 2, GAP + CELL + CAPTION + GAP + CELL // 2)) == (0, 0, 255)


def test_proportions_are_kept_and_long_captions_fit():
    sheet = contact_sheet(Image.new("RGB", (200, 50), "red"), [(Image.new("RGB", (5, 5)), "a/very/long/path/" * 9)])
    assert sheet.getpixel((GAP + CELL // 2, GAP + CELL // 2)) == (255, 0, 0)
    assert sheet.getpixel((GAP + CELL // 2, GAP + 4)) != (255, 0, 0)
    assert contact_sheet(Image.new("RGB", (5, 5)), []).size[0] == GAP + CELL + GAP
