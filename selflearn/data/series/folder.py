"""Folders of series: an archive's training and test files, or one table a recording, with classes as folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from selflearn.data.dataset import Skipped
from selflearn.data.options import ReadOptions
from selflearn.data.series import columns, files, tables
from selflearn.data.series.found import Found, join, of_list
from selflearn.data.series.options import SeriesReading
from selflearn.errors import DataError

ARCHIVE = {".ts": files.read_ts, ".arff": files.read_arff}
TABLES = columns.TEXT | columns.PARQUET
MOST_LOOKED_AT = 5_000


def members(folder: Path) -> list[Path]:
    """The files of a folder that may hold series, in order; hidden ones are left out."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if len(found) >= MOST_LOOKED_AT * 20:
            break
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        if not hidden and columns.suffix_of(path) in {*ARCHIVE, *TABLES} and path.is_file():
            found.append(path)
    return found


def reader_of(path: Path) -> Callable[[Path], Found] | None:
    """The reader of an archive's file, or None where the file is a table."""
    suffix = columns.suffix_of(path)
    if suffix in ARCHIVE:
        return ARCHIVE[suffix]
    return files.read_headless if suffix in {".tsv", ".txt", ".csv"} and files.is_headless(path) else None


def read_folder(folder: Path, reading: SeriesReading, options: ReadOptions) -> Found:
    """The series of a folder.

    Files of an archive (.ts, .arff, headless .tsv) are read together, or the part that was asked for; formats that say the same
    thing twice are read once. Other tables are a recording each, its class the folder it lies in; unreadable ones are skipped.

    Raises
    ------
    DataError : nothing readable.
    """
    paths = members(folder)
    if not paths:
        raise DataError(f"the folder {folder} holds no series: tables (.csv, .tsv, .parquet), .ts or .arff files")
    archive = [path for path in paths if reader_of(path) is not None]
    if archive:
        return _archive(folder, _one_format(archive), reading)
    return _recordings(folder, paths, reading, options)


def _one_format(paths: list[Path]) -> list[Path]:
    """The files of the format that there are most of: archives bring each set in several."""
    by = {
        suffix: [path for path in paths if columns.suffix_of(path) == suffix] for suffix in (".ts", ".arff", ".tsv", ".txt", ".csv")
    }
    return next(each for each in by.values() if len(each) == max(map(len, by.values())))


def _archive(folder: Path, paths: list[Path], reading: SeriesReading) -> Found:
    def part(path: Path) -> str:
        name = path.stem.lower()
        return "train" if "train" in name else "test" if "test" in name else name

    paths = sorted(paths, key=lambda path: (part(path) != "train", part(path), path))
    if reading.part:
        paths = [path for path in paths if part(path) == reading.part] or paths
    pieces, names, labels, notes = [], [], [], []
    channels: list[str] = []
    for path in paths:
        reader = reader_of(path)
        found = reader(path) if reader else None
        if found is None:
            continue
        channels = channels or found.channels
        pieces += np.split(found.values, found.offsets[1:-1])
        names += [f"{part(path)} {name}" for name in found.names]
        labels += list(found.labels) if found.labels is not None else [None] * len(found.names)
    if len(paths) > 1:
        notes.append(f"read together: {', '.join(path.name for path in paths[:4])}; --read part=train takes one part")
    return of_list(str(folder), pieces, names, channels, labels=labels if any(labels) else None, notes=notes)


def _recordings(folder: Path, paths: list[Path], reading: SeriesReading, options: ReadOptions) -> Found:
    """One table a recording."""
    kept: list[tuple[Path, Found]] = []
    skipped: list[Skipped] = []
    as_one = reading.model_copy(update={"form": "recording"}) if reading.form == "auto" else reading
    for path in paths:
        try:
            rows = list[Skipped]()
            found = tables.read_table(columns.read(path, skipped=rows), path.name, as_one, options)
            found.skipped += [Skipped(f"{path.relative_to(folder)}, {each.what}", each.why) for each in rows]
            if kept and set(kept[0][1].channels) != set(found.channels):
                raise DataError(
                    f"its columns are {', '.join(found.channels[:4])}, those of others {', '.join(kept[0][1].channels[:4])}"
                )
            kept.append((path, found))
        except DataError as error:
            skipped.append(Skipped(str(path.relative_to(folder)), str(error)))
    if not kept:
        first = f"; {skipped[0].what}: {skipped[0].why}" if skipped else ""
        raise DataError(f"none of the {len(paths)} tables in {folder} is a recording{first}")
    names = [str(path.relative_to(folder)) for path, _ in kept]
    parents = [path.parent.name if path.parent != folder else None for path, _ in kept]
    whole = join(str(folder), [found for _, found in kept], names)
    whole.skipped += skipped
    if whole.step_labels is None and len(set(parents)) > 1:
        whole.labels = parents
    return whole
