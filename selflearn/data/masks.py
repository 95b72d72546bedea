"""Masks: the class of each place of a sample, given as labels for a segmentation probe. An array, or a folder of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.dataset import Dataset
from selflearn.errors import DataError

Masks = list[np.ndarray | None]


def read_masks(source: Any, dataset: Dataset) -> Masks:
    """One mask a sample, or None where there is none.

    Parameters
    ----------
    source : an integer array (samples, height, width) for pictures or (samples, steps) for series; .npy with one; .npz that holds
        one under "masks"; or a folder of pictures whose names (without their ending) are those of the samples, whole numbers in one
        channel. -1, and 255 in 8 bits, is a place that nobody knows.
    dataset : whose samples they are of.

    Raises
    ------
    DataError : not as many masks as samples, no masks at all, or masks that are not whole numbers.
    """
    if isinstance(source, str | Path) and Path(source).is_dir():
        return _folder(Path(source), dataset)
    array = _array(source)
    if array.dtype.kind not in "iub" or len(array) != len(dataset) or array.ndim < 2:
        raise DataError(f"{len(dataset)} samples need as many masks of whole numbers, not {array.dtype} of shape {array.shape}")
    return [_known(mask) for mask in array]


def classes_at(masks: Masks, places: np.ndarray) -> np.ndarray:
    """(samples, points) int64 the class at each of (samples, points, axes) places, shares of the sample; -1 where nobody knows."""
    found = np.full(places.shape[:2], -1, dtype=np.int64)
    for row, mask in enumerate(masks):
        if mask is not None:
            sides = np.array(mask.shape)
            index = np.clip((places[row][:, -mask.ndim :] * sides).astype(np.int64), 0, sides - 1)
            found[row] = mask[tuple(index.T)]
    return found


def _array(source: Any) -> np.ndarray:
    if not isinstance(source, str | Path):
        return np.asarray(source)
    path = Path(source)
    if not path.is_file():
        raise DataError(f"there are no masks at {path}: give an array, .npy, .npz, or a folder of pictures")
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    if "masks" not in loaded:
        raise DataError(f"{path} holds {', '.join(loaded.files)} and no masks; name the array 'masks'")
    return np.asarray(loaded["masks"])


def _folder(folder: Path, dataset: Dataset) -> Masks:
    from PIL import Image

    files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    masks: Masks = []
    for name in dataset.facts.ids:
        path = files.get(Path(name).with_suffix("").as_posix())
        if path is None:
            masks.append(None)
            continue
        with Image.open(path) as picture:
            mask = np.asarray(picture)
        if mask.ndim != 2 or mask.dtype.kind not in "iub":
            raise DataError(f"{path} is no mask: it must hold one whole number a pixel, not {mask.dtype} of shape {mask.shape}")
        masks.append(_known(mask))
    if all(mask is None for mask in masks):
        raise DataError(f"no file in {folder} has the name of a sample, such as {Path(dataset.facts.ids[0]).with_suffix('')}.png")
    return masks


def _known(mask: np.ndarray) -> np.ndarray:
    """int64, and -1 for the 255 by which masks of 8 bits say that nobody knows."""
    return np.where(mask == 255, -1, mask.astype(np.int64)) if mask.dtype == np.uint8 else mask.astype(np.int64)
