"""Pictures as arrays: NumPy, torch, .npy and .npz. The channel axis is found, and said where it could be another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.images.cache import content_key
from selflearn.data.images.measure import measure, sample_rows
from selflearn.data.images.spec import ImageSpec, PixelType
from selflearn.data.images.store import ArrayImages, Images
from selflearn.data.images.survey import SIDE
from selflearn.data.labels import attach, take
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

_STEP = 64_000_000  # values looked at in one piece


def to_numpy(source: Any) -> np.ndarray:
    """A NumPy array of a NumPy array or a torch tensor, without a copy where possible."""
    return np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)


def looks_like_pictures(shape: tuple[int, ...], dtype: np.dtype[Any]) -> float:
    """How certainly an array of this shape and type holds pictures, in [0, 1]."""
    if dtype.kind not in "uifb" or len(shape) not in {3, 4} or min(shape, default=0) < 1:
        return 0.0
    sides = shape[1:] if len(shape) == 3 else sorted(shape[1:])[1:]
    if min(sides) < 4 or max(sides) > 16 * min(sides):
        return 0.0
    certainty = 0.9 if len(shape) == 4 else 0.6
    return certainty if dtype.kind != "u" else 0.95


def read_array(
    source: Any, options: ReadOptions, facts: Facts | None = None, value_range: tuple[float, float] | None = None
) -> Images:
    """Pictures of an array (n, height, width), (n, channels, height, width) or (n, height, width, channels).

    Values stay as they are: whole numbers in 8 or 16 bits where they fit, others as float32. Pictures with NaN or infinite pixels
    are left out. Pictures of an area above side x side, where side is `options.size` or 128, are reduced to it in memory, as
    files are; smaller ones are not copied. Nothing is cached.

    Parameters
    ----------
    facts : of all pictures, where the source has some; else they are numbered.
    value_range : the raw values that stand for 0 and 1, where they are known.

    Raises
    ------
    DataError : another number of axes, no numbers, no finite picture, or channels that the encoder of `like` does not read.
    """
    array = to_numpy(source)
    if array.dtype.kind not in "uifb" or array.ndim not in {3, 4} or 0 in array.shape:
        raise DataError(
            f"pictures are arrays of numbers, (n, height, width), (n, channels, height, width) or (n, height, width, channels); "
            f"this one is {array.dtype} of shape {array.shape}"
        )
    facts = facts or Facts([str(row) for row in range(len(array))], np.full(len(array), -1, dtype=np.int64))
    if len(facts.ids) != len(array):
        raise DataError(f"there are {len(array)} pictures but {len(facts.ids)} labels")
    facts = attach(facts, options.labels, options.groups)
    values, note = channels_first(array)
    rows = _finite_rows(values)
    if not len(rows):
        raise DataError(f"each of the {len(values)} pictures has NaN or infinite pixels; replace these by numbers first")
    like = options.like if isinstance(options.like, ImageSpec) else None
    dtype = like.dtype if like else _stored_type(values)
    if like:
        values = _as_like(values, like)
    values, shrunk = _reduced(values, options.size or SIDE)
    sample = np.ascontiguousarray(values[rows[sample_rows(len(rows), int(np.prod(values.shape[1:])))]], dtype=dtype)
    spec = measure(sample, colour=values.shape[1] == 3, value_range=value_range)
    if like:
        spec = like.model_copy(update={"height": spec.height, "width": spec.width})
    whole = len(rows) == len(values)
    broken = np.setdiff1d(np.arange(len(values)), rows)
    skipped = [Skipped(facts.ids[row], "it has NaN or infinite pixels") for row in broken]
    facts = take(facts, rows)
    facts = replace(facts, skipped=[*facts.skipped, *skipped], notes=[*facts.notes, *(each for each in (note, shrunk) if each)])
    content = hashlib.blake2b(f"{content_key(values, rows)} {dtype}".encode(), digest_size=16).hexdigest()
    return ArrayImages(spec, facts, content, values, None if whole else rows)


def channels_first(array: np.ndarray) -> tuple[np.ndarray, str | None]:
    """(n, channels, height, width), as a view of the array, and what to say where its channel axis could be another.

    The axis of 1 to 4 is taken for channels; else the one that differs from two equal sides; else the shorter.

    Raises
    ------
    DataError : the two could be exchanged without a difference.
    """
    if array.ndim == 3:
        return array[:, None], None
    _, first, middle, last = array.shape
    few_first, few_last = first <= 4, last <= 4
    if few_first != few_last:
        return (array, None) if few_first else (array.transpose(0, 3, 1, 2), None)
    if (middle == last) != (first == middle):
        return (array, None) if middle == last else (array.transpose(0, 3, 1, 2), None)
    if first == last:
        raise DataError(
            f"in an array of shape {array.shape} channels could be the second or the last axis; give it as "
            "(n, channels, height, width) with fewer channels than pixels a side, or as (n, height, width)"
        )
    taken, other = ("second", "last") if first < last else ("last", "second")
    note = f"channels could be two axes of {array.shape}; the {taken} is taken. If it is the {other}, transpose the array"
    return (array if first < last else array.transpose(0, 3, 1, 2)), note


def _reduced(values: np.ndarray, side: int) -> tuple[np.ndarray, str | None]:
    """The pictures, antialiased to an area of at most side x side in their own proportions, and what to say of it."""
    height, width = values.shape[2:]
    factor = side / (height * width) ** 0.5
    if factor >= 1:
        return values, None
    shape = (max(1, round(height * factor)), max(1, round(width * factor)))
    small = np.empty((*values.shape[:2], *shape), dtype=values.dtype if values.dtype.kind != "b" else np.uint8)
    steps = _steps(values)
    for start in steps:
        piece = torch.from_numpy(np.ascontiguousarray(values[start : start + steps.step], dtype=np.float32))
        done = F.interpolate(piece, shape, mode="bilinear", antialias=True).numpy()
        small[start : start + steps.step] = done if small.dtype.kind == "f" else np.rint(done)
    return small, f"pictures of {width} x {height} pixels are reduced to {shape[1]} x {shape[0]}; --size N keeps more"


def _steps(values: np.ndarray) -> range:
    return range(0, len(values), max(1, _STEP // max(int(np.prod(values.shape[1:])), 1)))


def _finite_rows(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f":
        return np.arange(len(values))
    steps = _steps(values)
    finite = [np.isfinite(values[start : start + steps.step]).all(axis=(1, 2, 3)) for start in steps]
    return np.flatnonzero(np.concatenate(finite))


def _stored_type(values: np.ndarray) -> PixelType:
    if values.dtype in (np.uint8, np.bool_):
        return "uint8"
    if values.dtype == np.uint16:
        return "uint16"
    if values.dtype.kind == "f":
        return "float32"
    steps = _steps(values)
    least = min(int(values[start : start + steps.step].min()) for start in steps)
    most = max(int(values[start : start + steps.step].max()) for start in steps)
    if least < 0 or most > 65_535:
        return "float32"
    return "uint8" if most <= 255 else "uint16"


def _as_like(values: np.ndarray, like: ImageSpec) -> np.ndarray:
    """Values an encoder can read: its number of channels, and its type without loss.

    Raises
    ------
    DataError : they cannot be made so.
    """
    channels = values.shape[1]
    if channels == 1 and like.colour:
        values = np.broadcast_to(values, (len(values), 3, *values.shape[2:]))
    elif channels != like.channels:
        raise DataError(f"the encoder reads pictures of {like.channels} channels, and these have {channels}")
    stored = _stored_type(values)
    if like.dtype == "float32":
        fits = values.dtype.kind == "f" or float(values.max()) <= 2 * like.high
    else:
        fits = stored == like.dtype or (like.dtype == "uint16" and stored == "uint8" and values.dtype.itemsize > 1)
    if not fits:
        learned = f"pictures of {like.dtype} ({like.low:g} to {like.high:g})"
        raise DataError(
            f"the encoder learned from {learned}, and these are {values.dtype} up to {float(values.max()):g}: convert them"
        )
    return values
