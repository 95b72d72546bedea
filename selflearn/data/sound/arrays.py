"""Sound as arrays: NumPy, torch, lists of them, .npy and .npz. Patterns are recognised, not names of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import GROUP_NAMES, LABEL_NAMES, find_column
from selflearn.data.dataset import Facts
from selflearn.data.headers import Shapes, load_arrays
from selflearn.data.labels import attach, encode, number_groups
from selflearn.data.options import ReadOptions
from selflearn.data.sound.collect import collect
from selflearn.data.sound.decode import FASTEST
from selflearn.data.sound.options import SoundReading
from selflearn.data.sound.origins import Arrays
from selflearn.data.sound.store import Sound
from selflearn.errors import DataError

_RATES = ("rate", "sample_rate", "sampling_rate", "samplerate", "sr", "fs")
_GROUPS = (*GROUP_NAMES, "subjects", "patients", "speakers", "persons")
_HEARD = ("audio", "sound", "wav", "wave", "waveform", "waveforms", "speech", "recording", "recordings")
_LONG = 1000  # samples: shorter rows are as likely anything else


def judge_shapes(shapes: Shapes) -> tuple[float, str]:
    """Certainty and reason for the arrays of a file."""
    name = main_array(shapes)
    if name is None:
        return 0.0, ""
    shape, dtype = shapes[name]
    told = find_column(shapes, _RATES) is not None or _heard(name)
    offsets = _offsets(shapes, name)
    if offsets is not None and len(shape) == 1:
        count = shapes[offsets][0][0] - 1
        return (0.95 if told else 0.6), f"it holds {count:,} recordings end to end, with offsets"
    if len(shape) == 2 and offsets is None and shape[1] >= _LONG and (told or dtype == np.int16):
        return (0.9 if told else 0.55), f"it holds {shape[0]:,} rows of {shape[1]:,} samples"
    return 0.0, ""


def main_array(shapes: Shapes) -> str | None:
    """The array that holds the samples: one that is named like sound, of a training part where there is one, or the largest."""
    able = [name for name, (shape, dtype) in shapes.items() if dtype.kind in "iuf" and len(shape) in {1, 2} and min(shape) > 0]
    able = [name for name in able if "offset" not in name.lower()]

    def rank(name: str) -> tuple[bool, bool, int]:
        return not _heard(name), "test" in name.lower(), -int(np.prod(shapes[name][0]))

    return min(able, key=rank, default=None)


def read_arrays(arrays: dict[str, np.ndarray], where: str, reading: SoundReading, options: ReadOptions) -> Sound:
    """Recordings of an archive: end to end with offsets, or one in each row; of all parts, or the one that was asked for.

    Raises
    ------
    DataError : neither, offsets that do not fit, or no rate.
    """
    shapes: Shapes = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    name = main_array(shapes)
    if name is None:
        told = ", ".join(f"{each} {shape}" for each, (shape, _) in list(shapes.items())[:6]) or "nothing"
        raise DataError(f"{where} holds no sound: one array of samples with offsets, or one recording a row; it has {told}")
    other = name.replace("train", "test")
    names = [name, other] if other != name and other in arrays else [name]
    notes = []
    if len(names) == 2 and reading.part is None:
        notes.append("its training and test parts are read together; --read part=train takes one")
    if len(names) == 2 and reading.part is not None:
        names = [names[0] if reading.part == "train" else names[1]]
    rates = [arrays[each] for each in arrays if each.lower() in _RATES and arrays[each].size == 1]
    known = _Known([], [], [], [])
    for each in names:
        _add(known, arrays, each, where, both=len(names) == 2)
    rate = float(rates[0].reshape(())) if rates else reading.rate
    labels = np.concatenate(known.labels) if len(known.labels) == len(names) else None
    groups = np.concatenate(known.groups) if len(known.groups) == len(names) else None
    return _collected([piece for part in known.pieces for piece in part], known.ids, labels, groups, rate, where, reading, options,
                      notes, _classes(arrays))  # fmt: skip


def read_list(items: Sequence[Any], reading: SoundReading, options: ReadOptions) -> Sound:
    """A list of arrays, (samples,) or (channels, samples) each, of any length."""
    pieces = []
    for number, each in enumerate(items):
        array = np.asarray(each.detach().cpu().numpy() if hasattr(each, "detach") else each)
        if array.dtype.kind not in "iuf" or array.ndim not in {1, 2}:
            raise DataError(
                f"entry {number} of the list is {array.dtype} of shape {array.shape}; "
                "recordings are (samples,) or (channels, samples)"
            )
        pieces.append(array[:, None] if array.ndim == 1 else array.T)
    ids = [str(number) for number in range(len(pieces))]
    return _collected(pieces, ids, None, None, reading.rate, "the list", reading, options, [], None)


class _Known:
    """What is found in the parts of an archive."""

    def __init__(self, pieces: list[Any], ids: list[str], labels: list[Any], groups: list[Any]) -> None:
        self.pieces, self.ids, self.labels, self.groups = pieces, ids, labels, groups


def _add(known: _Known, arrays: dict[str, np.ndarray], name: str, where: str, both: bool) -> None:
    """The recordings of one part, and the labels and groups that stand beside them."""
    part = next((each for each in ("train", "test") if each in name.lower()), "")
    mine = {key.replace(part, "").strip("_") if part else key: value for key, value in arrays.items() if not part or part in key}
    shapes: Shapes = {key: (value.shape, value.dtype) for key, value in mine.items()}
    values = arrays[name]
    offsets = _offsets(shapes, name)
    if values.ndim == 1 and offsets is not None:
        ends = mine[offsets].astype(np.int64)
        if len(ends) < 2 or ends[0] != 0 or ends[-1] != len(values) or (np.diff(ends) < 0).any():
            raise DataError(f"{where}: {offsets!r} must rise from 0 to the {len(values):,} samples of {name!r}")
        pieces = np.split(values, ends[1:-1])
    elif values.ndim == 2:
        pieces = list(values)
    else:
        pieces = [values]
    known.pieces.append(pieces)
    known.ids += [f"{part} {row}" if both else str(row) for row in range(len(pieces))]
    for names, found in ((LABEL_NAMES, known.labels), (_GROUPS, known.groups)):
        fitting = {key: value for key, value in mine.items() if value.shape == (len(pieces),)}
        key = find_column(fitting, names)
        if key is not None:
            found.append(fitting[key])


def _collected(
    pieces: list[np.ndarray],
    ids: list[str],
    labels: np.ndarray | None,
    groups: np.ndarray | None,
    rate: float | None,
    where: str,
    reading: SoundReading,
    options: ReadOptions,
    notes: list[str],
    classes: list[str] | None,
) -> Sound:
    if not pieces:
        raise DataError(f"{where} holds no recordings")
    if rate is None:
        rate = getattr(options.like, "rate", None)
    if rate is None:
        raise DataError(f"{where} does not tell its rate, samples a second; say it: --read rate=16000")
    if not 1 <= rate <= FASTEST:  # nor is NaN
        raise DataError(f"{where} tells a rate of {rate:g} Hz, where 1 to {FASTEST:,} are read")
    shaped = [piece if piece.ndim == 2 else piece[:, None] for piece in pieces]
    wide = {piece.shape[1] for piece in shaped}
    if len(wide) > 1:
        raise DataError(f"{where} has recordings of {' and '.join(map(str, sorted(wide)))} channels; they must have the same")
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in shaped])])
    numbers, names = encode(labels, classes) if labels is not None else (np.full(len(ids), -1, dtype=np.int64), [])
    facts = Facts(ids, numbers, names, None if groups is None else number_groups(groups), [], notes)
    facts = attach(facts, options.labels, options.groups)
    return collect(Arrays(np.concatenate(shaped), offsets, int(rate)), facts, reading, options)


def _offsets(shapes: Shapes, name: str) -> str | None:
    """The array that says where each recording begins in `name`; of the same part, where there are parts."""
    able = [each for each, (shape, dtype) in shapes.items() if "offset" in each.lower() and len(shape) == 1 and dtype.kind in "iu"]
    part = next((each for each in ("train", "test") if each in name.lower()), "")
    return next((each for each in able if part in each.lower()), able[0] if able else None)


def _heard(name: str) -> bool:
    words = name.lower().replace("train", "").replace("test", "").strip("_ ")
    return words in _HEARD


def _classes(arrays: dict[str, np.ndarray]) -> list[str] | None:
    found = (value for name, value in arrays.items() if value.dtype.kind in "US" and "class" in name.lower() and value.ndim == 1)
    names = next(found, None)
    return None if names is None else [str(each) for each in names]


def read_archive(path: Path, reading: SoundReading, options: ReadOptions) -> Sound:
    """Recordings of a .npy or .npz file.

    Raises
    ------
    DataError : damaged, holding pickled objects, or no sound.
    """
    return read_arrays(load_arrays(path), str(path), reading, options)
