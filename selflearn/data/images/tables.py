"""Pictures named in a table: CSV or Parquet files, DataFrames and Hugging Face datasets, with columns for labels and groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from selflearn.data.columns import GROUP_NAMES, ID_NAMES, LABEL_NAMES, Columns, read_columns
from selflearn.data.dataset import Facts
from selflearn.data.images.collect import collect
from selflearn.data.images.decode import ENDINGS
from selflearn.data.images.folder import looks_like_a_picture
from selflearn.data.images.origins import Files, Objects, Origin
from selflearn.data.images.store import Images
from selflearn.data.labels import attach, encode, number_groups
from selflearn.data.manifest import manifest, names_column, path_list, role_column
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

LOOKED_AT = 20  # rows that show what a column holds


def picture_column(columns: Columns) -> str | None:
    """The column that holds pictures, or paths that end like pictures; one with a telling name first."""
    likely = [name for name in columns if name.strip().lower() in ID_NAMES]
    return next((name for name in [*likely, *columns] if _holds_pictures(columns[name])), None)


def is_object(value: Any) -> bool:
    """Whether a value is a picture by itself: a PIL picture, or encoded bytes."""
    return isinstance(value, Image.Image | bytes | bytearray) or (
        isinstance(value, dict) and {"bytes", "path"} & set(value) != set()
    )


def read_table(path: Path, options: ReadOptions) -> Images:
    """A CSV or Parquet file of picture paths, relative to its own folder (or of encoded pictures)."""
    return read_columns_of_pictures(read_columns(path), str(path), path.parent, options)


def read_frame(frame: Any, options: ReadOptions) -> Images:
    """A pandas DataFrame with a column of paths or of PIL pictures."""
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    return read_columns_of_pictures(columns, "the DataFrame", Path(), options)


def read_columns_of_pictures(columns: Columns, where: str, root: Path, options: ReadOptions) -> Images:
    """Pictures, labels and groups from columns.

    Raises
    ------
    DataError : no column of pictures, one without rows, a column asked for that is not there, or two labels for one file.
    """
    name = picture_column(columns)
    if name is None:
        raise DataError(f"{where} has no column of picture paths; its columns are {', '.join(columns)}")
    found = manifest(columns, name, where, root, options)
    named = all(isinstance(each, str) for each in found.items)
    origin: Origin = Files(root, found.items) if named else Objects(found.items, root)
    return collect(origin, found.facts, options)


def read_hub(source: Any, options: ReadOptions) -> Images:
    """A Hugging Face dataset (duck-typed: `features`, `column_names`, rows by position) with an Image column."""
    pictures = hub_picture_column(source)
    if pictures is None:
        raise DataError(f"the dataset has no Image column; its columns are {', '.join(source.column_names)}")
    others = {name: list(source[name]) for name in source.column_names if name != pictures}
    label = role_column(others, options.labels, LABEL_NAMES, "labels", pictures)
    group = role_column(others, options.groups, GROUP_NAMES, "groups", pictures)
    count = len(source)
    labels, classes = np.full(count, -1, dtype=np.int64), list[str]()
    if label:
        labels, classes = encode(others[label], getattr(source.features[label], "names", None))
    notes = [f"pictures are taken from the column {pictures!r}" + (f", labels from {label!r}" if label else "")]
    groups = number_groups(others[group]) if group else None
    facts = Facts([str(number) for number in range(count)], labels, classes, groups, [], notes)
    facts = attach(facts, None if names_column(others, options.labels) else options.labels, None if group else options.groups)
    known = getattr(source, "_fingerprint", None)  # changes with the content; without it, nothing is cached
    return collect(Objects(_HubColumn(source, pictures), key=f"hub {known} {pictures}" if known else None), facts, options)


def read_list(items: Sequence[Any], options: ReadOptions) -> Images:
    """A list of PIL pictures, or of paths to picture files."""
    if all(isinstance(each, str | Path) for each in items):
        paths = path_list(items)
        origin: Origin = Files(Path(), paths)
        ids = paths
    else:
        origin, ids = Objects(list(items)), [str(number) for number in range(len(items))]
    facts = attach(Facts(ids, np.full(len(ids), -1, dtype=np.int64)), options.labels, options.groups, Path())
    return collect(origin, facts, options)


def hub_picture_column(source: Any) -> str | None:
    """The first column whose feature is an Image."""
    return next((name for name, feature in source.features.items() if type(feature).__name__ == "Image"), None)


class _HubColumn:
    """One column of a Hugging Face dataset, a picture at a time (asking for the whole column would decode it all)."""

    def __init__(self, source: Any, name: str) -> None:
        self.source, self.name = source, name

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, position: int) -> Any:
        return self.source[position][self.name]


def _holds_pictures(values: Sequence[Any]) -> bool:
    known = [each for each in values[:LOOKED_AT] if each is not None]
    if not known:
        return False
    if all(is_object(each) for each in known):
        encoded = [each for each in known if isinstance(each, bytes | bytearray)]  # bytes may be anything: digests, say
        return not encoded or any(looks_like_a_picture(bytes(each[:12])) for each in encoded)
    return all(isinstance(each, str | Path) and Path(each).suffix.lower() in ENDINGS for each in known)
