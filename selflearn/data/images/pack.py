"""Pictures from any source as tar shards with an index beside each: `selflearn pack`. Files are copied, never encoded anew."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.images.decode import ENDINGS, FORMATS
from selflearn.data.images.origins import as_png
from selflearn.data.images.shards import Headers
from selflearn.data.images.store import Images, StreamedImages
from selflearn.data.kinds import read
from selflearn.data.shards.files import INDEX_ENDING
from selflearn.data.shards.tars import Roles, index_tar
from selflearn.errors import DataError

SHARD = 256_000_000
"""Bytes of a shard: seconds to fetch, and a thousand of them are a quarter of a terabyte."""

_BLOCK = 512  # bytes: members of a tar begin at multiples of it
_TYPICAL = {form: ending.removeprefix(".") for ending, form in reversed(ENDINGS.items())}


@dataclass(frozen=True)
class Packed:
    """What was written."""

    pictures: int
    shards: int
    bytes: int
    skipped: int


def pack(
    source: Any,
    out: str | Path,
    shard_size: int = SHARD,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Packed:
    """Write pictures as tars that WebDataset, selflearn and any tar program read.

    They come in a random order, so that each shard is a sample of all.

    Members are ``ID.ENDING``, with ``ID.cls`` (the name of the class) where there is a label and ``ID.json`` where there is
    a group. Each shard comes under another name and gets its own when it is whole; so does the index beside it.

    Parameters
    ----------
    source : anything with pictures that `read` knows. options : of `ReadOptions`, such as ``labels``.
    out : a folder, empty or not there yet.
    shard_size : bytes after which a new shard is begun.

    Raises
    ------
    DataError : no pictures; the folder is not empty; deep or many-channel arrays, which no picture file holds.
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is not an empty folder; shards of an earlier time must not be mixed with new ones")
    if shard_size < _BLOCK:
        raise DataError(f"a shard of {shard_size} bytes holds no picture")
    images = read(source, kind="image", cache=False, cache_limit=0, progress=progress, **options)
    assert isinstance(images, Images)
    folder.mkdir(parents=True, exist_ok=True)
    order, names = np.random.default_rng(seed).permutation(len(images)), _Names()
    count = taken = shards = 0
    members = (_members_of(images, index, names) for index in order.tolist())
    for number, part in enumerate(_cut(members, shard_size)):
        path = folder / f"shard-{number:06d}.tar"
        done = _write(path, part)
        count, taken, shards = count + done, taken + path.stat().st_size, number + 1
        if progress:
            progress(count, len(images))
    return Packed(count, shards, taken, len(images.facts.skipped))


def _members_of(images: Images, index: int, names: _Names) -> list[tuple[str, bytes]]:
    """One picture and what is known of it."""
    facts = images.facts
    if isinstance(images, StreamedImages):
        content = images.origin.encoded(int(images.rows[index]))
    elif images.spec.dtype == "uint8" and images.spec.channels in {1, 3} and images.spec.high == 255:
        content = as_png(_picture(images, index))
    else:
        raise DataError(f"arrays of {images.spec.describe()} have no common picture file; keep them as .npz")
    name = names.of(facts.ids[index])
    found = [(f"{name}.{_ending(content)}", content)]
    label = int(facts.labels[index])
    if label >= 0:
        found.append((f"{name}.cls", (facts.classes[label] if label < len(facts.classes) else str(label)).encode()))
    if facts.groups is not None:
        found.append((f"{name}.json", json.dumps({"group": str(facts.groups[index])}).encode()))
    return found


def _picture(images: Images, index: int) -> Any:
    from PIL import Image

    pixels = images.pixels(np.array([index]))[0]
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def _ending(content: bytes) -> str:
    """By content: the name may lie."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        form = "JPEG" if image.format == "MPO" else image.format or "PNG"
    return {"JPEG": "jpg", "TIFF": "tif"}.get(form, _TYPICAL[form])


class _Names:
    """Ids as names of members: one dot before the ending, no way out of a folder, each once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def of(self, name: str) -> str:
        """A name that no other id has been given."""
        folder, _, last = name.rpartition("/")
        stem = last.rpartition(".")[0] if "." in last.lstrip(".") else last
        parts = [
            re.sub(r"[^\w@+=,-]+", "_", each).strip("_") or "_"
            for each in [*folder.split("/"), stem]
            if each not in {"", ".", ".."}
        ]
        plain = "/".join(parts) or "_"
        unique, number = plain, 1
        while unique in self._seen:
            number += 1
            unique = f"{plain}_{number}"
        self._seen.add(unique)
        return unique


def _cut(members: Iterator[list[tuple[str, bytes]]], size: int) -> Iterator[list[list[tuple[str, bytes]]]]:
    """Samples for one shard after the other."""
    part, taken = list[list[tuple[str, bytes]]](), 2 * _BLOCK
    for each in members:
        weight = sum(_BLOCK + -(-len(content) // _BLOCK) * _BLOCK for _, content in each)
        if part and taken + weight > size:
            yield part
            part, taken = [], 2 * _BLOCK
        part.append(each)
        taken += weight
    if part:
        yield part


def _write(path: Path, samples: list[list[tuple[str, bytes]]]) -> int:
    beside = path.with_name(f".{path.name}.part")
    with tarfile.open(beside, "w") as archive:
        for name, content in (member for sample in samples for member in sample):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    index = index_tar(beside, path.name, Headers(), Roles())
    index.save(path.with_name(path.name + INDEX_ENDING), beside.stat().st_size)
    beside.replace(path)
    return len(index)
