"""Files at any URL that fsspec knows: what there is, ranges of it, and whole files. Everything asks again when a server is away."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from selflearn.data.dataset import Skipped
from selflearn.data.remote.retry import retried, said
from selflearn.data.remote.urls import expand, is_glob, is_pattern
from selflearn.errors import DataError, MissingExtraError

BLOCK = 16_000_000
"""Bytes that are asked for at a time: a broken connection costs no more than these."""

_S3 = {"s3", "s3a"}
_HELP = {
    "s3": "pip install 'selflearn[remote]'", "s3a": "pip install 'selflearn[remote]'", "gs": "pip install gcsfs",
    "gcs": "pip install gcsfs", "az": "pip install adlfs", "abfs": "pip install adlfs", "hf": "pip install 'selflearn[hub]'",
    "http": "pip install aiohttp", "https": "pip install aiohttp", "sftp": "pip install paramiko", "ssh": "pip install paramiko",
}  # fmt: skip
_MARKS = (
    "ETag", "etag", "LastModified", "last_modified", "updated", "mtime", "created", "blob_id", "sha256", "Content-MD5", "Digest",
    "Last-Modified",
)  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """One file.

    Attributes
    ----------
    url : in full.
    name : relative to what was asked for, with ``/``, free of ``..``.
    size : bytes; -1 where the server does not say.
    mark : what changes when its content does (etag, time of change); empty where the server does not say.
    """

    url: str
    name: str
    size: int
    mark: str

    @property
    def key(self) -> str:
        """Of URL, size and mark."""
        return hashlib.blake2b(f"{self.url}\0{self.size}\0{self.mark}".encode(), digest_size=16).hexdigest()


@dataclass
class Listing:
    """The files of a source, in order; what is missing or cannot be named; whether the source is one file."""

    files: list[Remote] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    single: bool = False


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of fsspec for a URL, and the path in it. Never kept: it does not outlive a fork.

    Raises
    ------
    DataError : no such protocol.  MissingExtraError, DataError : its package is not installed; names the one command.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote", f"read {url}") from error
    protocol = re.split("::|://", url, maxsplit=1)[0].lower()
    try:
        fs, path = fsspec.core.url_to_fs(url, **_impatient(protocol, fsspec.config.conf))
        if protocol in _S3:
            fs.retries = 1
        return fs, path
    except ImportError as error:
        raise DataError(f"to read {url} a package is missing: {_HELP.get(protocol, said(error))}") from error
    except ValueError as error:
        raise DataError(f"{url} cannot be read: {said(error)}") from error


def _impatient(protocol: str, known: dict[str, Any]) -> dict[str, Any]:
    """Options under which S3 libraries give up soon: they would each retry, multiplied, for many minutes, and count nothing."""
    if protocol not in _S3 or "config_kwargs" in known.get(protocol, {}):
        return {}
    return {"config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 10, "read_timeout": 60}}


def list_files(source: str) -> Listing:
    """The files that a URL names: itself, those below it, or those of a pattern.

    Raises
    ------
    DataError : nothing there, no permission, or a server that does not answer.
    """
    found = Listing()
    if is_glob(source):
        fs, path = filesystem(source)
        root = re.split(r"[*?\[{]", path)[0].rpartition("/")[0]
        for each in expand(source):
            details = _asked(each, lambda: _fresh(fs).glob(filesystem(each)[1], detail=True))  # noqa: B023
            _add_all(found, fs, root, details)
    elif is_pattern(source):
        urls = expand(source)
        fs, _ = filesystem(urls[0])
        root = re.split(r"\{", filesystem(source)[1])[0].rpartition("/")[0]
        _add_named(found, fs, root, urls)
    else:
        _below(found, source)
    if not found.files:
        missing = f" ({found.skipped[0].what}: {found.skipped[0].why})" if found.skipped else ""
        raise DataError(f"there are no files at {source}{missing}")
    found.files.sort(key=lambda each: each.name)
    return found


def read_range(file: Remote, begin: int, end: int, on_retry: Callable[[], None] | None = None) -> bytes:
    """The bytes [begin, end) of a file."""

    def work() -> bytes:
        fs, path = filesystem(file.url)
        answer = bytes(fs.cat_file(path, start=begin, end=end))
        if len(answer) > end - begin:  # a server without ranges sends everything
            answer = answer[begin:end]
        return answer

    return retried(work, file.url, on_retry)


def fetch(
    file: Remote, target: Path, on_retry: Callable[[], None] | None = None, told: Callable[[int], None] | None = None
) -> None:
    """Write a whole file to `target`, going on where an earlier attempt left off.

    Parameters
    ----------
    told : called with bytes as they come.

    Raises
    ------
    FileNotFoundError : it is gone.
    DataError : it is another than was listed; the server does not come back; the disk is full.
    """
    fs, path = filesystem(file.url)
    try:
        if file.size < 0 or not _gives_ranges(fs, path):
            retried(lambda: filesystem(file.url)[0].get_file(path, str(target)), file.url, on_retry)
            if told:
                told(target.stat().st_size)
        else:
            _in_blocks(file, target, on_retry, told)
    except OSError as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise DataError(f"{file.url} cannot be brought to {target.parent}: {error.strerror or said(error)}") from error
    if file.size >= 0 and target.stat().st_size != file.size:
        size = target.stat().st_size
        target.unlink(missing_ok=True)
        raise DataError(
            f"{file.url} has {size:,} bytes and not {file.size:,} as when it was listed; start again on what is there now"
        )


def _in_blocks(file: Remote, target: Path, on_retry: Callable[[], None] | None, told: Callable[[int], None] | None) -> None:
    with target.open("ab") as out:
        while (done := out.tell()) < file.size:
            block = read_range(file, done, min(done + BLOCK, file.size), on_retry)
            if not block:
                return  # shorter than listed: told by the caller
            out.write(block)
            if told:
                told(len(block))


def _gives_ranges(fs: Any, path: str) -> bool:
    if not {"http", "https"} & set(_protocols(fs)):
        return True
    return bool(retried(lambda: fs.info(path), path).get("partial"))


def _below(found: Listing, source: str) -> None:
    fs, path = filesystem(source)
    info = _asked(source, lambda: _info(fs, path))
    if info is not None and info["type"] == "file" and not source.endswith("/"):
        found.single = True
        _add(found, fs, path.rpartition("/")[0], info)
        return
    _add_all(found, fs, path, _asked(source, lambda: _fresh(fs).find(path, detail=True)))


def _info(fs: Any, path: str) -> dict[str, Any] | None:
    try:
        return cast(dict[str, Any], _fresh(fs).info(path))
    except FileNotFoundError:
        return None


def _add_named(found: Listing, fs: Any, root: str, urls: list[str]) -> None:
    """Files by name: those in few folders by listing these, so that a thousand cost no thousand questions."""
    paths = [fs._strip_protocol(each) for each in urls]
    web = bool({"http", "https"} & set(_protocols(fs)))
    known: dict[str, Any] = {}
    if not web:
        for folder in sorted({each.rpartition("/")[0] for each in paths}):
            listed = _asked(folder, lambda: _listed(fs, folder))  # noqa: B023
            known.update({each["name"]: each for each in listed})
    for url, path in zip(urls, paths, strict=True):
        info = _asked(url, lambda: _info(fs, path)) if web else known.get(path)  # noqa: B023
        if info is None:
            found.skipped.append(Skipped(url, "the file is missing"))
        else:
            _add(found, fs, root, info)


def _listed(fs: Any, folder: str) -> list[dict[str, Any]]:
    try:
        return cast(list[dict[str, Any]], _fresh(fs).ls(folder, detail=True))
    except FileNotFoundError:
        return []


def _add_all(found: Listing, fs: Any, root: str, details: dict[str, Any]) -> None:
    for info in details.values():
        if info.get("type") == "file":
            _add(found, fs, root, info)


def _add(found: Listing, fs: Any, root: str, info: dict[str, Any]) -> None:
    full = str(info["name"])
    name = full.removeprefix(root).lstrip("/") if root else full
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
    if not name or name.endswith("/") or hidden:
        return
    if not is_plain(name):
        found.skipped.append(Skipped(full, "its name leads out of the folder"))
        return
    mark = next(
        (str(info[each]) for each in _MARKS if info.get(each)),
        "",
    )
    size = info.get("size")
    found.files.append(Remote(fs.unstrip_protocol(full), name, int(size) if size is not None else -1, mark))


def is_plain(name: str) -> bool:
    """Whether a relative name stays below its root on any system."""
    parts = re.split(r"[/\\]", name)
    return not (name.startswith(("/", "\\")) or ".." in parts or "\0" in name or re.match(r"^[A-Za-z]:", name))


def _asked(what: str, question: Callable[[], Any]) -> Any:
    """An answer about what there is; whatever is final is told for a person."""
    try:
        return retried(question, what)
    except (DataError, MissingExtraError):
        raise
    except FileNotFoundError as error:
        raise DataError(f"there is nothing at {what}") from error
    except PermissionError as error:
        raise DataError(f"no permission to read {what}: {said(error)}") from error
    except Exception as error:
        hint = ""
        if "Credentials" in type(error).__name__:
            hint = "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or FSSPEC_S3_ANON=true for a public bucket"
        raise DataError(f"{what} cannot be read: {said(error)}{hint}") from error


def _fresh(fs: Any) -> Any:
    """The file system without what it remembers of earlier listings."""
    fs.invalidate_cache()
    return fs


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
