"""One picture file into one array. Only harmless formats are opened (no PostScript); sizes are checked before allocating."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from selflearn.data.images.spec import PixelType

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")  # the pictures in one file of many phones (MPO) open as JPEG
ENDINGS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".mpo": "JPEG", ".png": "PNG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".gif": "GIF",
}  # fmt: skip
BOMB = 2 * 89_478_485
"""Pixels above which a file is taken for an attack: twice the limit at which Pillow warns (a quarter of a gigabyte of RGB)."""

_ORIENTATION = 0x0112  # the EXIF tag; from 5 on it swaps width and height
_COLOUR_MODES = {"RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"}
_ALPHA_MODES = {"RGBA", "RGBa", "LA", "La", "PA"}


_REASONS: dict[type[BaseException], str] = {
    Image.DecompressionBombError: "more pixels than a picture can honestly have (decompression bomb)",
    Image.UnidentifiedImageError: "its content is no picture of a known format",
    PermissionError: "no permission to read it",
    FileNotFoundError: "there is no such file",
    MemoryError: "too large for the memory",
}


class Unreadable(Exception):  # noqa: N818  (not an error of the program: one file is left out)
    """A file that cannot be a sample; the message says why."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its pixels are decoded; width and height as a person sees it."""

    width: int
    height: int
    colour: bool
    depth: PixelType
    format: str
    turned: bool = False
    alpha: bool = False
    frames: int = 1


DEPTHS: tuple[PixelType, ...] = ("uint8", "uint16", "float32")
_FORMS = (*FORMATS, "memory")
HEADERS = np.dtype(
    [
        ("width", "<i4"), ("height", "<i4"), ("frames", "<i4"), ("colour", "?"), ("depth", "u1"), ("format", "u1"), ("turned", "?"),
        ("alpha", "?"),
    ]
)  # fmt: skip
"""Headers as rows of an array: a million pictures take 17 MB."""


def as_row(header: Header) -> tuple[int, int, int, bool, int, int, bool, bool]:
    """A header as a row of `HEADERS`."""
    form = _FORMS.index(header.format) if header.format in _FORMS else len(_FORMS) - 1
    depth = DEPTHS.index(header.depth)
    return header.width, header.height, header.frames, header.colour, depth, form, header.turned, header.alpha


def form_name(number: int) -> str:
    """The format that a row of `HEADERS` names by its number."""
    return _FORMS[number]


@dataclass(frozen=True)
class Layout:
    """The one form in which all pictures of a data set are stored."""

    channels: int
    height: int
    width: int
    dtype: PixelType

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width


def reason(error: BaseException) -> str:
    """Why a file could not be read, for a person."""
    if isinstance(error, Unreadable):
        return str(error)
    for kind, why in _REASONS.items():
        if isinstance(error, kind):
            return why
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"damaged: {text[:120]}"


def examine(image: Image.Image) -> Header:
    """The header of an opened picture; no pixel is decoded.

    Raises
    ------
    Unreadable : no pixels, or far too many.
    """
    width, height = image.size
    if width * height > BOMB:
        raise Unreadable(f"{width} x {height} pixels are more than a picture can honestly have (decompression bomb)")
    if width < 1 or height < 1:
        raise Unreadable("it has no pixels")
    form = "JPEG" if image.format == "MPO" else image.format or "memory"
    orientation = _orientation(image)
    header = Header(width, height, _has_colour(image), _depth(image), form, turned=orientation > 1)
    if _lies(image, orientation):
        header = replace(header, width=height, height=width)
    alpha = image.mode in _ALPHA_MODES or "transparency" in image.info
    frames = getattr(image, "n_frames", 1) if image.format in {"TIFF", "GIF", "WEBP"} else 1
    return replace(header, alpha=alpha, frames=frames)


def decode(image: Image.Image, layout: Layout) -> tuple[np.ndarray, float]:
    """The pixels of an opened picture in the form of `layout`, and the picture's own width / height.

    The first frame is taken, the EXIF rotation applied, alpha laid over white where it varies, and the size reduced with
    antialiasing. Depths convert by their full range: 8 to 16 bits times 257, either to real numbers in [0, 1].
    """
    orientation = _orientation(image)
    swapped = _lies(image, orientation)
    target = (layout.width, layout.height)
    original = (image.height / image.width) if swapped else (image.width / image.height)
    image.draft(None, (2 * target[1], 2 * target[0]) if swapped else (2 * target[0], 2 * target[1]))  # JPEG decodes smaller at once
    if orientation > 1:
        image = ImageOps.exif_transpose(image)
    depth = _depth(image)
    image = _plain_mode(image, colour=layout.channels == 3, depth=depth)
    if image.size != target:
        image = image.resize(target, Image.Resampling.BICUBIC if depth == "uint8" else Image.Resampling.BILINEAR, reducing_gap=3.0)
    pixels = np.asarray(image)
    pixels = _convert(pixels, depth, layout.dtype)
    if pixels.ndim == 2:
        return np.broadcast_to(pixels, layout.shape), original
    return pixels.transpose(2, 0, 1), original


def _orientation(image: Image.Image) -> int:
    # getexif() of a PNG without EXIF would decode the whole picture to look behind it
    if image.format not in {"JPEG", "MPO", "TIFF", "WEBP"} and "exif" not in image.info:
        return 1
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged tag does not make a picture unreadable
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _lies(image: Image.Image, orientation: int) -> bool:
    """Whether turning will swap width and height; newer Pillow has already done so for a TIFF it has only opened."""
    stored = getattr(image, "tag_v2", {})
    opened_swapped = image.format == "TIFF" and image.size != (stored.get(256), stored.get(257))
    return orientation >= 5 and not opened_swapped


def _has_colour(image: Image.Image) -> bool:
    if image.mode in {"P", "PA"} and image.palette is not None:
        palette = np.frombuffer(bytes(image.getpalette("RGB") or b""), dtype=np.uint8).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return image.mode in _COLOUR_MODES


def _depth(image: Image.Image) -> PixelType:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return "uint16"
    return "float32" if image.mode in {"F", "I"} else "uint8"


def _plain_mode(image: Image.Image, colour: bool, depth: PixelType) -> Image.Image:
    """Grey ("L", "F") or RGB, without palette, alpha or other colour spaces."""
    if depth != "uint8":
        deep = np.asarray(image).astype(np.float32)  # Pillow resizes deep pictures only as "F"
        if not np.isfinite(deep).all():
            raise Unreadable("it has NaN or infinite pixels")
        return Image.fromarray(deep)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        layered = image.convert("RGBA")
        low, high = layered.getchannel("A").getextrema()
        if low != high:
            white = Image.new("RGBA", layered.size, "white")
            white.alpha_composite(layered)
            layered = white
        image = layered.convert("RGB")
    if colour:
        return image if image.mode == "RGB" else image.convert("RGB")
    return image if image.mode == "L" else image.convert("L")


def _convert(pixels: np.ndarray, depth: PixelType, wanted: PixelType) -> np.ndarray:
    full = {"uint8": 255, "uint16": 65_535}
    if depth == wanted:
        return pixels if depth != "uint16" else np.clip(np.rint(pixels), 0, 65_535).astype(np.uint16)
    if wanted == "float32":
        return (pixels / full[depth]).astype(np.float32)
    if depth == "float32":
        raise Unreadable(f"it holds real numbers, and the others {8 if wanted == 'uint8' else 16} bits")
    return np.clip(np.rint(pixels * (full[wanted] / full[depth])), 0, full[wanted]).astype(wanted)
