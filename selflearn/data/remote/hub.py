"""Data sets of the Hugging Face hub by name: ``hf:owner/name[/configuration][:split]``, as the files that hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from selflearn.data.remote.files import Listing, list_files
from selflearn.errors import DataError

_DATA = re.compile(
    r"\.(parquet|pq|arrow|tar|csv|tsv|jsonl|json|txt|jpe?g|png|webp|tiff?|bmp|gif|wav|flac|mp3|ogg|npz|npy)(\.gz)?$", re.IGNORECASE
)
_PAPERS = re.compile(
    r"(^|/)(dataset_infos?\.json|dataset_dict\.json|state\.json|requirements\.txt|license\.txt|readme\.\w+)$", re.IGNORECASE
)
_SPLITS = ("train", "validation", "valid", "val", "dev", "test")


@dataclass(frozen=True)
class HubName:
    """The parts of a name on the hub."""

    repository: str
    configuration: str | None
    split: str | None

    @classmethod
    def of(cls, source: str) -> HubName:
        """``hf:owner/name``, ``hf:owner/name:test``, ``hf:owner/name/config:test``.

        Raises
        ------
        DataError : it has another form.
        """
        found = re.fullmatch(r"hf:(?:datasets/)?(\w[\w.-]*(?:/\w[\w.-]*)?)(?:/(\w[\w./-]*))?(?::(\w[\w.-]*))?", source)
        if not found:
            raise DataError(f"{source!r} is no name on the hub: hf:owner/name, hf:owner/name/configuration or hf:owner/name:split")
        return cls(*found.groups())


def list_hub(source: str) -> tuple[Listing, list[str]]:
    """The files of a data set on the hub, and what a person should be told. No code of a repository is ever run.

    Files that the repository holds itself are taken; where these are of no use (a script, say), the hub's conversion to Parquet.

    Raises
    ------
    DataError : no such data set, configuration or split; no data in it; a hub that does not answer.
    """
    name = HubName.of(source)
    listing = _data(list_files(f"hf://datasets/{name.repository}/"))
    if not listing.files:
        listing = _data(list_files(f"hf://datasets/{name.repository}@~parquet/"))
    if not listing.files:
        raise DataError(f"{source} holds no data of a known form, and the hub has not converted it to Parquet")
    if name.configuration:
        listing = _only(listing, source, "configuration", name.configuration, _folders(listing))
    splits = [each for each in _SPLITS if any(_is_of(file.name, each) for file in listing.files)]
    if name.split:
        return _only(listing, source, "split", name.split, splits), [f"{source}: {len(listing.files):,} files of the hub"]
    if len(splits) > 1 and splits[0] == "train":
        note = f"{source} has the splits {', '.join(splits)}: train is read ({source}:{splits[-1]} reads another)"
        return _only(listing, source, "split", "train", splits), [note]
    return listing, []


def _data(listing: Listing) -> Listing:
    files = [each for each in listing.files if _DATA.search(each.name) and not _PAPERS.search(each.name)]
    packed = [each for each in files if re.search(r"\.(parquet|pq|arrow|tar)$", each.name, re.IGNORECASE)]
    return replace(listing, files=packed or files)


def _only(listing: Listing, source: str, what: str, wanted: str, known: list[str]) -> Listing:
    files = [each for each in listing.files if _is_of(each.name, wanted)]
    if not files:
        raise DataError(f"{source} has no {what} {wanted!r}" + (f"; it has {', '.join(known)}" if known else ""))
    return replace(listing, files=files)


def _is_of(name: str, part: str) -> bool:
    """Whether a folder or the beginning of a file's name says that it is of a split or configuration."""
    return bool(re.search(rf"(^|[/_.-]){re.escape(part)}([/_.-]|$)", name))


def _folders(listing: Listing) -> list[str]:
    return sorted({each.name.split("/")[0] for each in listing.files if "/" in each.name})[:10]
