"""Series as arrays: NumPy, torch, .npy, and .npz of several shapes. Patterns are recognised, not names of data sets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, find_column
from selflearn.data.headers import Shapes, load_arrays
from selflearn.data.series.found import Found, numbered, of_stack
from selflearn.data.series.options import SeriesReading
from selflearn.errors import DataError

MOST_CHANNELS = 64
_GROUPS = (*GROUP_NAMES, "subjects", "patients", "speakers", "persons")


def certainty_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> float:
    """How certainly an array of (n, channels, length) holds series: low where it might be small grey pictures."""
    if dtype.kind not in "iuf" or len(shape) != 3 or min(shape) < 1:
        return 0.0
    count, length = shape[1:]
    if count > MOST_CHANNELS or length <= count or (dtype.kind == "u" and dtype.itemsize == 1):
        return 0.0
    return 0.7 if length >= 8 * count else 0.5


def judge_shapes(shapes: Shapes) -> tuple[float, str]:
    """Certainty and reason for the arrays of a file."""
    name = main_array(shapes)
    if name is None:
        return 0.0, ""
    shape, dtype = shapes[name]
    offsets = offsets_of(shapes, name)
    if offsets is not None:
        count = shapes[offsets][0][0] - 1
        return (0.8, f"it holds {count:,} series end to end, with offsets") if shape[0] >= 2 * count else (0.0, "")
    if len(shape) == 3:
        return certainty_of(shape, dtype), f"it holds an array of shape {shape}: samples, channels, steps"
    steps, width = shape
    if _is_recording(shapes, name):
        return 0.8, f"it holds a recording of {steps:,} steps, {width} channel{'s' if width > 1 else ''} and a label for each step"
    rows = dtype.kind == "f" and width >= 16
    return (0.5, f"it holds {steps:,} rows of {width:,} steps") if rows else (0.0, "")


def main_array(shapes: Shapes) -> str | None:
    """The array that holds the series: the largest of numbers with two or three axes, of a training part where there is one."""
    able = {name: shape for name, (shape, dtype) in shapes.items() if dtype.kind in "iuf" and len(shape) in {2, 3}}
    parts = {name: shape for name, shape in able.items() if "train" in name.lower()} or able
    return max(parts, key=lambda name: int(np.prod(parts[name])), default=None)


def offsets_of(shapes: Shapes, name: str) -> str | None:
    """The array that says where each of several series begins in `name`."""
    able = [each for each, (shape, dtype) in shapes.items() if "offset" in each.lower() and len(shape) == 1 and dtype.kind in "iu"]
    return next(iter(able), None) if shapes[name][0][0] > 1 else None


def _is_recording(shapes: Shapes, name: str) -> bool:
    """Whether the first axis of a 2-D array is time: few columns, and something else is told for every row of many."""
    steps, width = shapes[name][0]
    beside = [each for each, (shape, _) in shapes.items() if each != name and shape == (steps,)]
    return width <= MOST_CHANNELS and steps >= 16 * width and steps >= 1000 and bool(beside)


def read_array(source: Any, reading: SeriesReading, where: str = "the array") -> Found:
    """Series of an array: (n, channels, length), (n, length), or with `form="recording"` (steps, channels) or (steps,).

    Raises
    ------
    DataError : no numbers, no values, or another number of axes.
    """
    array = np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)
    if array.dtype.kind not in "iufb" or 0 in array.shape or array.ndim not in {1, 2, 3}:
        raise DataError(
            f"series are arrays of numbers, (samples, channels, steps) or (samples, steps), or one recording (steps, channels) "
            f"with form=recording; {where} is {array.dtype} of shape {array.shape}"
        )
    if array.ndim == 1 or (reading.form == "recording" and array.ndim == 2):
        return _recording(where, array if array.ndim == 2 else array[:, None])
    if reading.form == "recording":
        raise DataError(f"form=recording needs an array (steps, channels); {where} has the shape {array.shape}")
    if array.shape[-1] < 2:
        raise DataError(f"{where}, of shape {array.shape}, has series of a single step; (samples, channels, steps) are read")
    return of_stack(where, array if array.ndim == 3 else array[:, None])


def _recording(where: str, values: np.ndarray, **known: Any) -> Found:
    return Found(where, values, np.array([0, len(values)], dtype=np.int64), ["recording"], numbered(values.shape[1]), **known)


def read_archive(path: Path, reading: SeriesReading) -> Found:
    """Series of a .npy or .npz file.

    Understood are: parts (`train_x`, `test_x` and labels named alike), one array of samples, recordings end to end with an array of
    offsets, and one recording with labels (and subjects) for each step.

    Raises
    ------
    DataError : damaged, holding pickled objects, or none of these.
    """
    arrays = load_arrays(path)
    shapes: Shapes = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    name = main_array(shapes)
    if name is None:
        if len(arrays) == 1:
            return read_array(next(iter(arrays.values())), reading, str(path))
        raise DataError(f"{path} holds no array of series (samples, channels, steps); it has {_list(shapes)}")
    classes = _classes(arrays)
    offsets = offsets_of(shapes, name)
    if offsets is not None:
        return _end_to_end(path, arrays, name, offsets, classes)
    if arrays[name].ndim == 2 and (reading.form == "recording" or (reading.form == "auto" and _is_recording(shapes, name))):
        labels, groups = (_beside(arrays, names, len(arrays[name])) for names in (LABEL_NAMES, _GROUPS))
        rate = next((float(arrays[each]) for each in arrays if "rate" in each.lower() and arrays[each].ndim == 0), None)
        notes = []
        if rate is not None and not 0 < rate < math.inf:
            notes.append(f"the archive tells a rate of {rate:g} steps a second, which is none: it is not used")
            rate = None
        return _recording(str(path), arrays[name], step_labels=labels, step_groups=groups, classes=classes, rate=rate, notes=notes)
    return _parts(path, arrays, name, reading, classes)


def _parts(path: Path, arrays: dict[str, np.ndarray], name: str, reading: SeriesReading, classes: list[str] | None) -> Found:
    """The train and test parts of an archive together, or one of them."""
    other = name.replace("train", "test")
    wanted = [name, other] if other != name and other in arrays else [name]
    if reading.part and len(wanted) == 2:
        wanted = [wanted[0] if reading.part == "train" else wanted[1]]
    stacks, labels, groups, names = [], [], [], []
    for each in wanted:
        part = "test" if each == other and other != name else "train" if other in arrays and other != name else ""
        stack = arrays[each] if arrays[each].ndim == 3 else arrays[each][:, None]
        beside = {key.replace(part, "").strip("_") if part else key: arrays[key] for key in arrays if not part or part in key}
        stacks.append(stack)
        names += [f"{part} {row}".strip() for row in range(len(stack))]
        labels.append(_beside(beside, LABEL_NAMES, len(stack)))
        groups.append(_beside(beside, _GROUPS, len(stack)))
    if len({stack.shape[1:] for stack in stacks}) > 1:
        raise DataError(
            f"{path}: the parts have series of different shapes, {' and '.join(str(stack.shape[1:]) for stack in stacks)}"
        )
    known: dict[str, Any] = {"names": names, "classes": classes}
    if all(each is not None for each in labels):
        known["labels"] = np.concatenate([each for each in labels if each is not None])
    if all(each is not None for each in groups):
        known["groups"] = np.concatenate([each for each in groups if each is not None])
    if len(wanted) == 2:
        known["notes"] = ["its training and test parts are read together; --read part=train takes one"]
    return of_stack(str(path), np.concatenate(stacks), **known)


def _end_to_end(path: Path, arrays: dict[str, np.ndarray], name: str, offsets: str, classes: list[str] | None) -> Found:
    """Recordings end to end; an array with a third axis is joints by coordinates."""
    values, starts = arrays[name], arrays[offsets].astype(np.int64)
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != len(values) or (np.diff(starts) < 0).any():
        raise DataError(f"{path}: {offsets!r} must rise from 0 to the {len(values):,} steps of {name!r}")
    joints = values.shape[1] if values.ndim == 3 else 0
    channels = numbered(values.shape[1])
    if joints:
        axes = "xyz" if values.shape[2] <= 3 else [str(each) for each in range(values.shape[2])]
        channels = [f"joint {joint} {axes[axis]}" for joint in range(joints) for axis in range(values.shape[2])]
        values = values.reshape(len(values), -1)
    count = len(starts) - 1
    return Found(
        str(path),
        values,
        starts,
        [str(row) for row in range(count)],
        channels,
        labels=_beside(arrays, LABEL_NAMES, count),
        groups=_beside(arrays, _GROUPS, count),
        classes=classes,
        joints=joints,
    )


def _beside(arrays: dict[str, np.ndarray], names: tuple[str, ...], count: int) -> Any:
    """The array of one of these names that has `count` entries."""
    fitting = {name: array for name, array in arrays.items() if array.ndim == 1 and len(array) == count}
    found = find_column(fitting, names)
    return None if found is None else fitting[found]


def _classes(arrays: dict[str, np.ndarray]) -> list[str] | None:
    names = next(
        (array for name, array in arrays.items() if array.dtype.kind in "US" and "class" in name.lower() and array.ndim == 1), None
    )
    return None if names is None else [str(each) for each in names]


def _list(shapes: Shapes) -> str:
    return ", ".join(f"{name} {shape}" for name, (shape, _) in list(shapes.items())[:6]) or "nothing"
