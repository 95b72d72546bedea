"""Remote files of any kind become local ones, once: over HTTP and fsspec's file system in memory."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from selflearn.data import ReadOptions, read
from selflearn.data.dataset import Skipped
from selflearn.data.remote import mirror as mirroring
from selflearn.data.remote.files import Listing, Remote, is_plain, list_files
from selflearn.data.remote.mirror import mirror
from selflearn.data.remote.retry import retried
from selflearn.errors import DataError


@pytest.fixture
def bucket() -> Iterator[str]:
    """A folder in memory with a table's parts and some odd names."""
    fs = fsspec.filesystem("memory")
    fs.pipe({"/mirrored/a.csv": b"x,y\n1,2\n", "/mirrored/deep/b.csv": b"x,y\n3,4\n", "/mirrored/.hidden": b"h"})
    yield "memory://mirrored/"
    fs.rm("/mirrored", recursive=True)


def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is fetched from now on."""
    names: list[str] = []
    fetch = mirroring.fetch

    def noted(file: Remote, *others: object) -> None:
        names.append(file.name)
        fetch(file, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(mirroring, "fetch", noted)
    return names


def test_only_what_changed_is_fetched_again_and_what_is_gone_goes(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, names = ReadOptions(cache_dir=tmp_path), copied(monkeypatch)
    place = mirror(bucket, list_files(bucket), options).path
    assert sorted(names) == ["a.csv", "deep/b.csv"]
    assert (place / "deep" / "b.csv").read_bytes() == b"x,y\n3,4\n"
    names.clear()
    assert mirror(bucket, list_files(bucket), options).notes == []
    assert names == []
    fs = fsspec.filesystem("memory")
    fs.pipe({"/mirrored/a.csv": b"x,y\n1,2\n5,6\n"})
    fs.rm("/mirrored/deep/b.csv")
    mirror(bucket, list_files(bucket), options)
    assert names == ["a.csv"]
    assert (place / "a.csv").read_bytes() == b"x,y\n1,2\n5,6\n"
    assert not (place / "deep" / "b.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_two_who_want_the_same_copy_do_not_write_into_one_file(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, going, coming = list[str](), threading.Event(), threading.Event()
    fetch = mirroring.fetch

    def slow(file: Remote, *others: object) -> None:
        names.append(file.name)
        coming.set()
        assert going.wait(30)
        fetch(file, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(mirroring, "fetch", slow)
    options, listing = ReadOptions(cache_dir=tmp_path), list_files(bucket)
    both = [threading.Thread(target=mirror, args=(bucket, listing, options)) for _ in range(2)]
    both[0].start()
    assert coming.wait(30)
    both[1].start()
    both[1].join(0.3)
    going.set()
    for each in both:
        each.join(30)
    assert sorted(names) == ["a.csv", "deep/b.csv"]
    assert (mirror(bucket, listing, options).path / "a.csv").read_bytes() == b"x,y\n1,2\n"


def test_a_copy_that_was_cut_off_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fs = fsspec.filesystem("memory")
    content = np.random.default_rng(0).integers(0, 256, 1000, dtype=np.uint8).tobytes()
    fs.pipe({"/cut/large.bin": content})
    monkeypatch.setattr("selflearn.data.remote.files.BLOCK", 100)
    options, listing = ReadOptions(cache_dir=tmp_path), list_files("memory://cut/large.bin")
    asked: list[int] = []
    cat = type(fs).cat_file

    def failing(self: object, path: str, start: int | None = None, end: int | None = None, **more: object) -> bytes:
        asked.append(start or 0)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return cat(self, path, start=start, end=end, **more)

    monkeypatch.setattr(type(fs), "cat_file", failing)
    with pytest.raises(KeyboardInterrupt):
        mirror("memory://cut/large.bin", listing, options)
    assert mirror("memory://cut/large.bin", listing, options).path.read_bytes() == content
    assert asked == [*range(0, 500, 100), *range(400, 1000, 100)]
    fs.rm("/cut", recursive=True)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "a\\..\\b", "C:\\x", "a\0b"])
def test_names_that_lead_out_are_no_names(name: str) -> None:
    assert not is_plain(name)


def test_what_is_gone_at_the_source_is_told(tmp_path: Path) -> None:
    listing = Listing([Remote("memory://nowhere/a.csv", "a.csv", 3, "m")], [Skipped("b", "why")])
    found = mirror("memory://nowhere/", listing, ReadOptions(cache_dir=tmp_path))
    assert [(item.what, item.why) for item in found.skipped] == [("b", "why"), ("memory://nowhere/a.csv", "it is gone")]


def test_no_room_is_told_before_anything_is_copied(tmp_path: Path) -> None:
    listing = Listing([Remote("memory://x/a.bin", "a.bin", 10**18, "m")])
    with pytest.raises(DataError, match=r"1e\+09 GB to copy.* SELFLEARN_CACHE"):
        mirror("memory://x/", listing, ReadOptions(cache_dir=tmp_path))


def test_a_name_that_no_server_will_ever_know_is_asked_for_once() -> None:
    class HfUriError(ValueError):
        __module__ = "huggingface_hub.errors"

    asked: list[int] = []

    def work() -> None:
        asked.append(1)
        raise HfUriError("repository id must be 'namespace/name'")

    with pytest.raises(HfUriError):
        retried(work, "hf://datasets/nobody")
    assert len(asked) == 1


def test_unknown_protocols_and_missing_packages_name_the_remedy() -> None:
    with pytest.raises(DataError, match="nonsense://x cannot be read"):
        list_files("nonsense://x")
    try:
        import gcsfs  # noqa: F401
    except ImportError:
        with pytest.raises(DataError, match="pip install gcsfs"):
            list_files("gs://bucket/x")


def test_pictures_over_http_from_a_server_without_ranges(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http with aiohttp")
    for number in range(9):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        (tmp_path / "served").mkdir(exist_ok=True)
        Image.fromarray(noise).save(tmp_path / "served" / f"{number}.png")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    data = read(url, kind="image", cache_dir=tmp_path / "cache")
    assert data.facts.ids == [f"{number}.png" for number in range(9)]
    assert np.array_equal(data.batch([4]).values[0], np.asarray(Image.open(tmp_path / "served" / "4.png")).transpose(2, 0, 1))
    part = read(url + "{0..8}.png", kind="image", cache_dir=tmp_path / "cache")
    assert len(part) == 9

    page = tmp_path / "served" / "t.csv"
    for content, time in ((b"x,y\n1,2\n", 1_000_000_000), (b"x,y\n3,4\n", 1_000_000_060)):
        page.write_bytes(content)
        os.utime(page, (time, time))
        copied = mirror(url + "t.csv", list_files(url + "t.csv"), ReadOptions(cache_dir=tmp_path / "cache")).path
        assert copied.read_bytes() == content, "of the same size, but changed"
    server.shutdown()
