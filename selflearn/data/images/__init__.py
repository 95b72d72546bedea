"""Pictures: recognising and reading them, from wherever they lie. One file a family of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from selflearn.data.columns import TABLES, is_frame, read_columns
from selflearn.data.dataset import Facts
from selflearn.data.images import archives, folder, shards, tables
from selflearn.data.images.arrays import looks_like_pictures, read_array
from selflearn.data.images.decode import ENDINGS
from selflearn.data.images.spec import ImageBatch, ImageSpec
from selflearn.data.images.store import ArrayImages, Images, StreamedImages
from selflearn.data.labels import encode
from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.data.shards.files import Shards
from selflearn.data.shards.reading import ShardReading
from selflearn.data.walk import certainty_of, walk
from selflearn.errors import DataError

__all__ = ["ArrayImages", "ImageBatch", "ImageSpec", "Images", "StreamedImages", "is_file", "read", "recognise", "spec_class"]

spec_class, is_file = ImageSpec, folder.is_picture
_NUMPY = {".npy", ".npz"}


def recognise(source: Any) -> Recognition | None:
    """Whether a source holds pictures, judged by names, headers and shapes; no picture is decoded."""
    certainty, why = shards.judge_shards(source) if isinstance(source, Shards) else _judge(source)
    return Recognition("image", certainty, why) if certainty > 0 else None


def read(source: Any, options: ReadOptions) -> Images:
    """Read pictures from any source that `recognise` knows.

    Raises
    ------
    DataError : it holds no usable pictures; says why.
    """
    if isinstance(source, Shards):
        return shards.read_shards(source, options)
    kind_options(ShardReading, options)
    if isinstance(source, str | Path):
        return _read_path(source, options)
    if _is_hub(source):
        return tables.read_hub(source, options)
    if is_frame(source):
        return tables.read_frame(source, options)
    if isinstance(source, Image.Image):
        source = [source]
    if isinstance(source, list | tuple):
        if not source:
            raise DataError("the list of pictures is empty")
        return tables.read_list(source, options)
    return read_array(source, options)


def _read_path(source: str | Path, options: ReadOptions) -> Images:
    path = Path(source).expanduser()
    if str(source) == "digits" and not path.exists():
        return _read_digits(options)
    if path.is_dir():
        return folder.read_folder(path, options)
    if path.suffix.lower() in _NUMPY:
        return archives.read_archive(path, options)
    if path.suffix.lower() in TABLES:
        return tables.read_table(path, options)
    return folder.read_file(path, options)


def _read_digits(options: ReadOptions) -> Images:
    """scikit-learn's embedded scans: 1,797 digits of 8 x 8 pixels, values 0 to 16 (Alpaydin and Kaynak, 1998)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    labels, classes = encode(digits.target)
    facts = Facts([f"digit {row}" for row in range(len(labels))], labels, classes)
    return read_array(digits.images.astype(np.uint8), options, facts, value_range=(0.0, 16.0))


def _judge(source: Any) -> tuple[float, str]:
    """How certain, and why."""
    if isinstance(source, str | Path):
        return _judge_path(source)
    if _is_hub(source) or is_frame(source):
        return _judge_columns(source)
    if isinstance(source, Image.Image):
        return 1.0, "it is a picture"
    if isinstance(source, list | tuple):
        return _judge_list(source)
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        dtype = np.dtype(str(source.dtype).removeprefix("torch.")) if hasattr(source, "detach") else source.dtype
        return looks_like_pictures(tuple(source.shape), dtype), f"an array of shape {tuple(source.shape)} looks like pictures"
    return 0.0, ""


def _judge_columns(source: Any) -> tuple[float, str]:
    if _is_hub(source):
        column = tables.hub_picture_column(source)
    else:
        column = tables.picture_column({str(name): source[name].head(20).tolist() for name in source.columns})
    return (0.95, f"its column {column!r} holds pictures") if column is not None else (0.0, "")


def _judge_list(items: list[Any] | tuple[Any, ...]) -> tuple[float, str]:
    first = items[:20]
    if first and all(isinstance(each, Image.Image) for each in first):
        return 1.0, "it is a list of pictures"
    if first and all(isinstance(each, str | Path) and Path(each).suffix.lower() in ENDINGS for each in first):
        return 0.9, "it is a list of paths that end like pictures"
    return 0.0, ""


def _judge_path(source: str | Path) -> tuple[float, str]:
    path = Path(source).expanduser()
    if str(source) == "digits" and not path.exists():
        return 1.0, "it is the embedded example"
    if path.is_dir():
        found = walk(path, folder.is_picture, most=1000)
        count = len(found.files)
        return certainty_of(found), f"it holds {'at least 1,000' if count >= 1000 else count} picture files"
    if path.suffix.lower() in _NUMPY:
        shapes = archives.shapes_of(path)
        name = archives.picture_array(shapes)
        if archives.jpeg_part(shapes) is not None:
            return 0.95, "it holds JPEG files end to end"
        return (
            (looks_like_pictures(*shapes[name]), f"it holds an array of shape {shapes[name][0]}") if name is not None else (0.0, "")
        )
    if path.suffix.lower() in TABLES:
        column = tables.picture_column(read_columns(path, most=tables.LOOKED_AT))
        return (0.9, f"its column {column!r} names pictures") if column else (0.0, "")
    return (0.9, "it is a picture file") if folder.is_picture(path) else (0.0, "")


def _is_hub(source: Any) -> bool:
    return hasattr(source, "features") and hasattr(source, "column_names")
