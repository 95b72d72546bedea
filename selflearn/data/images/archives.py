"""Pictures in .npy and .npz files: arrays, or JPEG files end to end. Pickled objects are refused: they could run code."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from selflearn.data.columns import GROUP_NAMES
from selflearn.data.dataset import Facts
from selflearn.data.headers import DAMAGE, Shapes, header
from selflearn.data.images.arrays import looks_like_pictures, read_array
from selflearn.data.images.collect import collect
from selflearn.data.images.origins import Blobs
from selflearn.data.images.store import Images
from selflearn.data.labels import attach, encode, number_groups
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

_LABELS = ("labels", "label", "y", "targets", "target", "classes", "class")
_CLASS_NAMES = ("class_names", "classes", "label_names", "names")
_TRAIN, _OTHER = re.compile(r"(^|_)train(ing)?(_|$)"), re.compile(r"(^|_)(test|val|valid|validation|dev)(_|$)")


def shapes_of(path: Path) -> Shapes:
    """Name -> shape and type of the arrays of a .npy (named "") or .npz file, from their headers alone.

    Raises
    ------
    DataError : damaged, or no such file.
    """
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                return {"": header(file)}
        found = {}
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    with archive.open(name) as member:
                        found[name.removesuffix(".npy")] = header(member)
        return found
    except DAMAGE as error:
        raise DataError(f"{path} is damaged or no NumPy file: {error}") from error


def picture_array(shapes: Shapes) -> str | None:
    """The array that holds pictures: named for training first, for testing last, the largest among equals."""
    found = [name for name, (shape, dtype) in shapes.items() if looks_like_pictures(shape, dtype)]
    return min(found, key=lambda name: (_rank(name), -int(np.prod(shapes[name][0]))), default=None)


def jpeg_part(shapes: Shapes) -> str | None:
    """The prefix of a pair of arrays `*_jpeg` and `*_offsets`."""
    found = [
        name.removesuffix("jpeg") for name in shapes if name.endswith("jpeg") and f"{name.removesuffix('jpeg')}offsets" in shapes
    ]
    return min(found, key=_rank, default=None)


def read_archive(path: Path, options: ReadOptions) -> Images:
    """The pictures, labels and groups of a .npy or .npz file; of a file with a training and other parts, the training part.

    Raises
    ------
    DataError : damaged, pickled, or without pictures.
    """
    shapes = shapes_of(path)
    objects = [name or path.name for name, (_, dtype) in shapes.items() if dtype.hasobject]
    part, pictures = jpeg_part(shapes), picture_array(shapes)
    if part is None and pictures is None:
        if objects:
            raise DataError(
                f"{path}: {objects[0]} holds pickled objects, which could run code when opened; save plain arrays of numbers"
            )
        listed = ", ".join(f"{name or 'array'} {dtype}{list(shape)}" for name, (shape, dtype) in shapes.items())
        raise DataError(f"{path} holds no pictures, which would be an array of 3 or 4 axes; it has {listed or 'nothing'}")
    try:
        if pictures == "":
            return read_array(np.load(path, mmap_mode="r", allow_pickle=False), options)
        with np.load(path, allow_pickle=False) as archive:
            if part is not None:
                return _read_jpeg(path, archive, part, shapes, options)
            assert pictures is not None
            count = shapes[pictures][0][0]
            return read_array(archive[pictures], options, _facts(archive, pictures, count, shapes))
    except DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is damaged: {error}") from error


def _read_jpeg(path: Path, archive: Mapping[str, np.ndarray], part: str, shapes: Shapes, options: ReadOptions) -> Images:
    offsets = archive[f"{part}offsets"]
    facts = attach(_facts(archive, f"{part}jpeg", len(offsets) - 1, shapes), options.labels, options.groups)
    state = path.stat()
    key = f"{path.resolve()} {part} {state.st_size} {state.st_mtime_ns}"
    return collect(Blobs(archive[f"{part}jpeg"], offsets, key), facts, options)


def _facts(archive: Mapping[str, np.ndarray], pictures: str, count: int, shapes: Shapes) -> Facts:
    """Ids by number, and the labels and groups that go with these pictures."""
    notes = []
    others = sorted(name for name in shapes if name != pictures and _OTHER.search(name))
    if _TRAIN.search(pictures) and others:
        notes.append(f"the training part ({pictures}) is read; {', '.join(others)} are left alone")
    labels, classes = np.full(count, -1, dtype=np.int64), list[str]()
    name = _beside(shapes, pictures, count, _LABELS)
    if name is not None:
        listed = next((each for each in _CLASS_NAMES if each in shapes and shapes[each][1].kind in "US"), None)
        labels, classes = encode(archive[name].ravel(), [str(each) for each in archive[listed]] if listed else None)
    group = _beside(shapes, pictures, count, GROUP_NAMES)
    groups = number_groups(archive[group].ravel()) if group is not None else None
    return Facts([str(row) for row in range(count)], labels, classes, groups, [], notes)


def _beside(shapes: Shapes, pictures: str, count: int, names: tuple[str, ...]) -> str | None:
    """An array of one value a picture, with one of these names, of the same part as the pictures."""
    stem = re.sub(r"_?(x|images?|jpeg|data|pictures|imgs?)_?", "_", pictures.lower()).strip("_")
    fitting = [
        each
        for each, (shape, dtype) in shapes.items()
        if int(np.prod(shape)) == count and shape[:1] == (count,) and dtype.kind in "iufUSb"
    ]
    wanted = [joined for name in names for joined in ((f"{stem}_{name}", f"{name}_{stem}") if stem else (name,))]
    lower = {each.lower(): each for each in fitting}
    return next((lower[each] for each in [*wanted, *names] if each in lower), None)


def _rank(name: str) -> int:
    return 0 if _TRAIN.search(name) else 2 if _OTHER.search(name) else 1
