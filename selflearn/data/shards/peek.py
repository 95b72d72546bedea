"""What shards hold, judged by the first members of the first that can be read; little of a remote one is fetched for it."""

from __future__ import annotations

from selflearn.data.remote.files import filesystem
from selflearn.data.remote.retry import retried
from selflearn.data.shards.columnar import first_members, media_column, schema_of
from selflearn.data.shards.files import ShardFile, Shards
from selflearn.data.shards.index import Examiner
from selflearn.data.shards.tars import first_names
from selflearn.errors import DataError

_MEMBERS = 60
_TRIED = 5  # shards that may be damaged or empty before one gives up
_BESIDE = {"cls", "txt", "json", "label", "class", "xml", "csv", "npy", "pyd", "md", "html"}


def share_of(shards: Shards, examiner: Examiner) -> float:
    """The share of members, among those that could be samples, that are of the examiner's kind; 0 where none can be looked at."""
    for file in shards.files[:_TRIED]:
        members = first_of(file)
        own = sum(examiner.wants(name, head) for name, head in members)
        other = sum(not examiner.wants(name, head) and name.rpartition(".")[2].lower() not in _BESIDE for name, head in members)
        if own:
            return own / (own + other)
        if members:
            return 0.0
    return 0.0


def first_of(file: ShardFile) -> list[tuple[str, bytes | None]]:
    """Names and, of columns, first bytes of a few members; nothing where the shard is damaged or not there."""
    try:
        return retried(lambda: _first_of(file), file.where)
    except DataError:
        raise
    except Exception:  # told when it is looked through
        return []


def _first_of(file: ShardFile) -> list[tuple[str, bytes | None]]:
    if file.form != "tar":
        return [(name, head[:64]) for name, head in first_members(file, _MEMBERS)]
    if file.path is not None:
        with file.path.open("rb") as local:
            return [(name, None) for name in first_names(local, _MEMBERS)]
    assert file.remote is not None
    fs, path = filesystem(file.remote.url)
    with fs.open(path, "rb", block_size=1_000_000, cache_type="readahead") as remote:
        return [(name, None) for name in first_names(remote, _MEMBERS)]


def is_columns_of_files(file: ShardFile) -> bool:
    """Whether a Parquet or Arrow file has a column of encoded files, and not only of numbers and words."""
    try:
        return file.form != "tar" and media_column(schema_of(file)) is not None
    except DataError:
        raise
    except Exception:  # told when it is read
        return False
