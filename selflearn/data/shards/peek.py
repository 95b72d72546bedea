"""What shards hold, judged by the first members of the first that can be read; little of a remote one is fetched for it."""

from __future__ import annotations

import functools
import re

from selflearn.data.remote.files import filesystem
from selflearn.data.remote.retry import retried
from selflearn.data.shards.columnar import first_members, media_column, schema_of
from selflearn.data.shards.files import ShardFile, Shards
from selflearn.data.shards.index import Examiner
from selflearn.data.shards.tars import first_names
from selflearn.errors import DataError

_MEDIA = re.compile(
    r"\.(jpe?g|jpe|jfif|mpo|png|webp|tiff?|bmp|gif|wave?|flac|og[ga]|opus|mp3|m4a|aac|aif[fc]?|au|snd|caf|w64)$", re.IGNORECASE
)
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|II\*\0|MM\0\*|RIFF....(WEBP|WAVE)|BM|fLaC|OggS|ID3", re.DOTALL)
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


def judged(shards: Shards, examiner: Examiner, what: str) -> tuple[float, str]:
    """How certain it is that shards hold samples of the examiner's kind, and why; `what` is how a person calls these."""
    share = share_of(shards, examiner)
    if not share:
        return 0.0, ""
    count = len(shards.files)
    return 0.5 + 0.45 * share, f"{'its shard holds' if count == 1 else f'its {count:,} shards hold'} encoded {what}"


@functools.lru_cache(maxsize=64)
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
    """Whether a Parquet or Arrow file has a column of encoded pictures or recordings, and not of other bytes, numbers and words."""
    try:
        if file.form == "tar" or media_column(schema_of(file)) is None:
            return False
        return any(_MEDIA.search(name) or _MAGIC.match(head or b"") for name, head in first_of(file))
    except DataError:
        raise
    except Exception:  # told when it is read
        return False
