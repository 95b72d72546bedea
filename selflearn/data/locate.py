"""From what a person names to what kinds of data read: URLs, hub names, patterns and shards become paths, lists or `Shards`."""

from __future__ import annotations

import dataclasses
import glob
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from selflearn.data.dataset import Skipped
from selflearn.data.options import ReadOptions
from selflearn.data.remote.urls import expand, is_hub_name, is_pattern, is_url
from selflearn.data.shards.files import INDEX_ENDING, ShardFile, Shards, form_of
from selflearn.errors import DataError

_LOOKED_AT = 1000  # files of a folder that say what it is


@dataclass
class Located:
    """A source that kinds of data can read.

    Attributes
    ----------
    source : a path, a list of paths, `Shards`, or whatever object was given.
    skipped, notes : what happened on the way to it.
    """

    source: Any
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def locate(source: Any, options: ReadOptions) -> Located:
    """Find what a source names; remote data that is not in shards is copied into the cache on the way. What was located stays so.

    Raises
    ------
    DataError : nothing there, no permission, a server that does not come back, no room.
    """
    if isinstance(source, Located):
        return source
    if not isinstance(source, str | Path):
        return Located(source)
    if isinstance(source, str) and source.startswith("file://"):
        source = url2pathname(unquote(urlparse(source).path)) if not is_pattern(source) else source.removeprefix("file://")
    if is_url(source):
        return _remote(str(source), options)
    path = Path(source).expanduser()
    if is_pattern(str(source)) and not path.exists():
        return _pattern(str(path))
    return _local(path, source)


def localised(value: Any, options: ReadOptions) -> Any:
    """A file of labels or groups: a copy of it, if it was given by URL."""
    if not (is_url(value) and not is_hub_name(value)):
        return value
    from selflearn.data.remote.files import list_files
    from selflearn.data.remote.mirror import mirror

    return str(mirror(value, list_files(value), dataclasses.replace(options, progress=None)).path)


def _remote(source: str, options: ReadOptions) -> Located:
    from selflearn.data.remote.files import list_files
    from selflearn.data.remote.hub import list_hub
    from selflearn.data.remote.mirror import mirror

    listing, notes = list_hub(source) if is_hub_name(source) else (list_files(source), [])
    beside = {each.name.removesuffix(INDEX_ENDING): each for each in listing.files if each.name.endswith(INDEX_ENDING)}
    rest = [each for each in listing.files if not each.name.endswith(INDEX_ENDING)]
    files = [shard for each in rest if (shard := ShardFile.elsewhere(each, beside.get(each.name))) is not None]
    if _are_shards(files, len(rest)):
        notes.append(f"{source} is read in shards: each is fetched when it is needed, and kept while there is room")
        return Located(Shards(source, files, listing.skipped, [*notes, *_passed_by(len(rest) - len(files))]))
    copied = mirror(source, listing, options)
    return Located(copied.path, copied.skipped, [*notes, *copied.notes])


def _pattern(source: str) -> Located:
    """Local files by braces or a glob, in order."""
    paths = [Path(each) for name in expand(source) for each in (sorted(glob.glob(name)) if glob.has_magic(name) else [name])]
    missing = [Skipped(str(each), "the file is missing") for each in paths if not each.exists()]
    paths = [each for each in paths if each.is_file() and not each.name.endswith(INDEX_ENDING)]
    if not paths:
        raise DataError(f"there are no files {source!r} (seen from {Path.cwd()})")
    root = Path(re.split(r"[{*?\[]", source, maxsplit=1)[0])
    root = root if root.is_dir() and str(root)[-1:] in "/\\" else root.parent
    files = [shard for each in paths if (shard := ShardFile.local(each, _below(each, root))) is not None]
    if _are_shards(files, len(paths)):
        return Located(Shards(source, files, missing))
    return Located([str(each) for each in paths] if len(paths) > 1 else paths[0], missing)


def _local(path: Path, source: str | Path) -> Located:
    """A local shard, a folder of them, or anything else as it is."""
    try:
        if path.is_file():
            shard = ShardFile.local(path, path.name)
            return Located(Shards(str(source), [shard]) if shard is not None and _are_shards([shard], 1) else source)
        if path.is_dir():
            return _folder(path, source)
    except OSError:  # kinds of data say what is wrong
        pass
    return Located(source)


def _folder(path: Path, source: str | Path) -> Located:
    from selflearn.data.walk import walk

    def is_data(name: str) -> bool:
        return not name.endswith(INDEX_ENDING)

    first = walk(path, is_data, most=_LOOKED_AT)
    if not first.files or 2 * sum(form_of(each) is not None for each in first.files) < len(first.files):
        return Located(source)
    found = walk(path, is_data)
    files = [shard for each in found.files if (shard := ShardFile.local(path / each, each)) is not None]
    if not _are_shards(files, len(found.files)):
        return Located(source)
    return Located(Shards(str(source), files, found.skipped, _passed_by(len(found.files) - len(files))))


def _passed_by(others: int) -> list[str]:
    return [f"{others:,} other file{'s' if others != 1 else ''} passed by: no shards"] if others else []


def _are_shards(files: list[ShardFile], among: int) -> bool:
    """Whether files are shards of encoded files: tars, or tables with a column of files. Tables of numbers and words are not."""
    if not files or 2 * len(files) < among:
        return False
    if files[0].form == "tar":
        return True
    from selflearn.data.shards.peek import is_columns_of_files

    return any(is_columns_of_files(each) for each in files[:3])


def _below(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name
