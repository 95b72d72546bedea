from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.data.images.folder import is_picture
from selflearn.data.walk import walk
from selflearn.errors import DataError

Pictures = Callable[..., list[Path]]


def skipped(dataset: Any) -> dict[str, str]:
    return {item.what: item.why for item in dataset.facts.skipped}


def test_a_flat_folder_is_unlabelled(tmp_path: Path, pictures: Pictures) -> None:
    paths = pictures(tmp_path)
    data = read(tmp_path)
    assert recognise(tmp_path).kind == "image"
    assert data.facts.ids == [path.name for path in paths]
    assert set(data.labels) == {-1}
    for index, path in enumerate(paths):
        assert np.array_equal(data.batch([index]).values[0].permute(1, 2, 0).numpy(), np.asarray(Image.open(path)))


def test_a_folder_a_class_gives_labels(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "dog", 5)
    pictures(tmp_path / "cat", 4, mode="L")
    data = read(tmp_path)
    assert data.facts.classes == ["cat", "dog"]
    assert data.labels.tolist() == [0] * 4 + [1] * 5
    assert any("4 pictures grey among colour" in note for note in data.facts.notes)


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (["a", "b/c"], "several depths"),
        (["a", "."], "several depths"),
        (["only"], "no choice"),
        (["train", "test"], "parts of a data set"),
    ],
)
def test_other_folders_are_no_classes_and_that_is_said(tmp_path: Path, pictures: Pictures, folders: list[str], words: str) -> None:
    for folder in folders:
        pictures(tmp_path / folder, 8)
    data = read(tmp_path)
    assert set(data.labels) == {-1}
    assert any(words in note for note in data.facts.notes)


def test_labels_a_person_gives_win_over_folders(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "dog", 5)
    pictures(tmp_path / "cat", 5)
    (tmp_path / "labels.csv").write_text("path,label,patient\ncat/000.png,big,1\ndog/001.png,small,1\ncat/gone.png,small,2\n")
    data = read(tmp_path, labels=tmp_path / "labels.csv")
    assert data.facts.classes == ["big", "small"]
    assert data.labels.tolist() == [0, -1, -1, -1, -1, -1, 1, -1, -1, -1]
    assert list(skipped(data)) == ["cat/gone.png"]
    assert data.facts.groups is not None
    assert data.facts.groups[0] == data.facts.groups[6]
    assert len(set(data.facts.groups)) == 9


def test_no_bad_file_ends_a_reading_and_each_is_named(tmp_path: Path, pictures: Pictures) -> None:
    good = pictures(tmp_path, 9)
    whole = good[0].read_bytes()
    (tmp_path / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "zero.png").write_bytes(b"")
    (tmp_path / "words.jpg").write_text("I am not a picture")
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere.png")
    _bomb(tmp_path / "bomb.png")
    (tmp_path / "readme.txt").write_text("other")
    data = read(tmp_path)
    assert len(data) == 9
    why = skipped(data)
    assert set(why) == {"truncated.png", "zero.png", "words.jpg", "broken.png", "bomb.png"}
    assert "damaged" in why["truncated.png"]
    assert "0 bytes" in why["zero.png"]
    assert "no picture" in why["words.jpg"]
    assert "bomb" in why["bomb.png"]
    assert any("1 other file" in note for note in data.facts.notes)
    again = read(tmp_path)  # from the cache
    assert (skipped(again), again.facts.ids, again.fingerprint) == (why, data.facts.ids, data.fingerprint)
    assert np.array_equal(again.raw(np.arange(9)), data.raw(np.arange(9)))


def test_a_bomb_is_skipped_even_where_pillow_was_told_not_to_look(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path, 8)
    _bomb(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert "50000 x 50000 pixels" in skipped(read(tmp_path))["bomb.png"]


def test_content_decides_where_an_ending_lies(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 8)
    pictures(tmp_path / "x", 1, ending="jpg")[0].rename(tmp_path / "really_jpeg.png")
    pictures(tmp_path / "x", 1, ending="webp")[0].rename(tmp_path / "no_ending")
    data = read(tmp_path)
    assert len(data) == 10
    assert any("really_jpeg.png is JPEG" in note for note in data.facts.notes)


def test_loops_of_links_end_and_each_file_is_met_once(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "data" / "a", 8)
    (tmp_path / "data" / "a" / "up").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "self").symlink_to(tmp_path / "data" / "self")
    assert len(walk(tmp_path / "data", is_picture).files) == 8
    assert len(read(tmp_path / "data")) == 8


def test_a_pipe_is_not_waited_for(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 8)
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    assert len(read(tmp_path)) == 8


def test_hidden_files_are_passed_by(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 8)
    pictures(tmp_path / ".trash", 2)
    pictures(tmp_path / "__MACOSX", 2)
    (tmp_path / "._000.png").write_bytes(b"resource fork")
    assert len(read(tmp_path)) == 8


def test_folders_and_files_without_permission(tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path, 9)
    pictures(tmp_path / "locked", 3)
    scandir, open_picture = os.scandir, Image.open

    def refuse(path: Any) -> Any:
        if "locked" in os.fspath(path):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    def refuse_file(path: Any, **options: Any) -> Any:
        if "003" in os.fspath(path):
            raise PermissionError(13, "Permission denied")
        return open_picture(path, **options)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Image, "open", refuse_file)
    data = read(tmp_path)
    assert len(data) == 8
    assert skipped(data) == {"locked/": "no permission to look into it", "003.png": "no permission to read it"}
    with pytest.raises(DataError, match="cannot be read: no permission"):
        read(tmp_path / "locked")


def test_a_folder_with_nothing_usable_says_why(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of 3 pictures can be used \(a.png: the file is empty"):
        read(tmp_path)


def test_one_picture_is_too_little_to_learn_from_but_can_be_embedded(tmp_path: Path, pictures: Pictures) -> None:
    many, one = pictures(tmp_path / "many", 8), pictures(tmp_path / "one", 1)
    with pytest.raises(DataError, match="found 1 sample; learning needs at least 8"):
        read(tmp_path / "one")
    spec = read(tmp_path / "many").spec
    assert len(read(one[0], like=spec)) == len(read(tmp_path / "one", like=spec)) == 1
    assert read(many[3], like=spec).batch([0]).values.shape == (1, 3, 10, 12)


def test_identical_pictures_are_refused(tmp_path: Path) -> None:
    for number in range(10):
        Image.new("RGB", (9, 9), "red").save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match="all 10 samples are identical"):
        read(tmp_path)


def test_progress_is_told(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 70)
    told: list[tuple[int, int]] = []
    read(tmp_path, progress=lambda done, total: told.append((done, total)), cache=False)
    assert told == sorted(told)
    assert told[-1] == (140, 140)


def _bomb(path: Path) -> None:
    """A PNG of 50,000 x 50,000 pixels by its header, of a few bytes by its content."""
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
