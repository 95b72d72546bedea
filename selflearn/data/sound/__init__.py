"""Sound and speech: recognising and reading recordings, from wherever they lie. One file a family of sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import ID_NAMES, TABLES, Columns, is_frame, read_columns
from selflearn.data.dataset import Facts
from selflearn.data.folders import folder_classes
from selflearn.data.headers import shapes_of
from selflearn.data.labels import attach
from selflearn.data.manifest import manifest, path_list
from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.data.shards.files import Shards
from selflearn.data.sound import arrays, shards
from selflearn.data.sound.collect import collect
from selflearn.data.sound.decode import ENDINGS, is_sound
from selflearn.data.sound.options import SoundReading
from selflearn.data.sound.origins import Recordings
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.store import Sound, StoredSound, StreamedSound
from selflearn.data.walk import certainty_of, walk
from selflearn.errors import DataError

__all__ = ["Sound", "SoundReading", "SoundSpec", "StoredSound", "StreamedSound", "is_file", "read", "recognise", "spec_class"]

spec_class, is_file = SoundSpec, is_sound
_NUMPY = {".npy", ".npz"}
_LOOKED_AT = 20


def recognise(source: Any) -> Recognition | None:
    """Whether a source holds sound, judged by names, first bytes and shapes; nothing is decoded."""
    certainty, why = shards.judge_shards(source) if isinstance(source, Shards) else _judge(source)
    return Recognition("sound", certainty, why) if certainty > 0 else None


def read(source: Any, options: ReadOptions) -> Sound:
    """Read sound from any source that `recognise` knows.

    Samples are whole recordings, or windows of long ones, at one rate. What is empty, silent, truncated or not a number is skipped
    and counted.

    Raises
    ------
    DataError : no usable recordings; a reading option that is unknown or does not fit.
    MissingExtraError : soundfile is needed and not installed.
    """
    reading = kind_options(SoundReading, options)
    if isinstance(source, Shards):
        return shards.read_shards(source, reading, options)
    if isinstance(source, str | Path):
        return _read_path(Path(source).expanduser(), reading, options)
    if is_frame(source):
        columns = {str(name): source[name].tolist() for name in source.columns}
        return _read_columns(columns, "the DataFrame", Path(), reading, options)
    if isinstance(source, list | tuple):
        return _read_list(source, reading, options)
    array = np.asarray(source.detach().cpu().numpy() if hasattr(source, "detach") else source)
    if array.dtype.kind not in "iuf" or array.ndim not in {1, 2, 3} or 0 in array.shape:
        raise DataError(
            "sound is an array of numbers, (recordings, samples), (recordings, channels, samples) or (samples,); this is "
            f"{array.dtype} of shape {array.shape}"
        )
    return arrays.read_list([array] if array.ndim == 1 else list(array), reading, options)


def _read_path(path: Path, reading: SoundReading, options: ReadOptions) -> Sound:
    if path.is_dir():
        return _read_folder(path, reading, options)
    suffix = path.suffix.lower()
    if suffix in _NUMPY:
        return arrays.read_archive(path, reading, options)
    if suffix in TABLES:
        return _read_columns(read_columns(path), str(path), path.parent, reading, options)
    facts = attach(Facts([path.name], np.full(1, -1, dtype=np.int64)), options.labels, options.groups, path.parent)
    return collect(Recordings([path.name], path.parent), facts, reading, options)


def _read_folder(root: Path, reading: SoundReading, options: ReadOptions) -> Sound:
    """Recordings below a folder, at any depth; folders are classes where they look like classes."""
    found = walk(root, is_sound)
    if not found.files:
        skipped = f"; {found.skipped[0].what}: {found.skipped[0].why}" if found.skipped else ""
        raise DataError(f"there are no recordings in {root} ({found.others} other files{skipped})")
    known = folder_classes(found.files, "recordings")
    notes = known.notes if options.labels is None else []
    if found.others:
        notes.append(f"{found.others:,} other file{'s' if found.others != 1 else ''} passed by: no recordings")
    facts = Facts(found.files, known.labels, known.classes, None, found.skipped, notes)
    facts = attach(facts, options.labels, options.groups, root)
    return collect(Recordings(found.files, root), facts, reading, options)


def _read_columns(columns: Columns, where: str, root: Path, reading: SoundReading, options: ReadOptions) -> Sound:
    """A table of paths (or of encoded recordings), with labels and groups."""
    name = _sound_column(columns)
    if name is None:
        raise DataError(f"{where} has no column of paths of recordings; its columns are {', '.join(columns)}")
    found = manifest(columns, name, where, root, options)
    return collect(Recordings(found.items, root), found.facts, reading, options)


def _read_list(items: Sequence[Any], reading: SoundReading, options: ReadOptions) -> Sound:
    """Paths of recordings, or arrays."""
    if items and all(isinstance(each, str | Path) for each in items):
        paths = path_list(items)
        facts = attach(Facts(paths, np.full(len(paths), -1, dtype=np.int64)), options.labels, options.groups, Path())
        return collect(Recordings(paths, Path()), facts, reading, options)
    return arrays.read_list(items, reading, options)


def _sound_column(columns: Columns) -> str | None:
    """The column that holds recordings, or paths that end like them; one with a telling name first."""
    likely = [name for name in columns if name.strip().lower() in (*ID_NAMES, "audio", "sound", "wav", "recording")]
    return next((name for name in [*likely, *columns] if _holds_sound(name, columns[name])), None)


def _holds_sound(name: str, values: Sequence[Any]) -> bool:
    known = [each for each in values[:_LOOKED_AT] if each is not None]
    if not known:
        return False
    if all(isinstance(each, str | Path) for each in known):
        return all(Path(each).suffix.lower() in ENDINGS for each in known)
    inside = [each.get("path") if isinstance(each, dict) else None for each in known]
    return all(isinstance(each, bytes | dict) for each in known) and (
        all(isinstance(each, str) and Path(each).suffix.lower() in ENDINGS for each in inside) or name.lower() == "audio"
    )


def _judge(source: Any) -> tuple[float, str]:
    """How certain, and why."""
    if isinstance(source, str | Path):
        return _judge_path(Path(source).expanduser())
    if is_frame(source):
        column = _sound_column({str(name): source[name].head(_LOOKED_AT).tolist() for name in source.columns})
        return (0.95, f"its column {column!r} holds recordings") if column is not None else (0.0, "")
    if isinstance(source, list | tuple):
        return _judge_list(source)
    shape, dtype = tuple(getattr(source, "shape", ())), str(getattr(source, "dtype", ""))
    if len(shape) == 2 and shape[1] >= 1000 and dtype.endswith("int16"):
        return 0.6, f"an array of shape {tuple(shape)} of 16 bits looks like recordings in rows"
    return 0.0, ""


def _judge_path(path: Path) -> tuple[float, str]:
    if path.is_dir():
        found = walk(path, is_sound, most=1000)
        count = len(found.files)
        return certainty_of(found), f"it holds {'at least 1,000' if count >= 1000 else count} recordings"
    suffix = path.suffix.lower()
    if suffix in _NUMPY:
        return arrays.judge_shapes(shapes_of(path))
    if suffix in TABLES:
        column = _sound_column(read_columns(path))
        return (0.9, f"its column {column!r} names recordings") if column else (0.0, "")
    return (0.9, "it is a recording") if is_sound(path) else (0.0, "")


def _judge_list(items: Sequence[Any]) -> tuple[float, str]:
    first = items[:_LOOKED_AT]
    if first and all(isinstance(each, str | Path) and Path(each).suffix.lower() in ENDINGS for each in first):
        return 0.9, "it is a list of paths that end like recordings"
    if first and all(len(getattr(each, "shape", ())) == 1 and each.shape[0] >= 400 for each in first):
        return 0.6, "it is a list of arrays of samples"
    return 0.0, ""
