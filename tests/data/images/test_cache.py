from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from selflearn.data import ReadOptions, read
from selflearn.data.images import ArrayImages, StreamedImages

Pictures = Callable[..., list[Path]]


@pytest.fixture
def folder(tmp_path: Path, pictures: Pictures) -> Path:
    pictures(tmp_path / "pictures", 12)
    return tmp_path / "pictures"


def caches(place: Path) -> list[Path]:
    return sorted((place / "images").glob("*"))


def test_the_second_reading_opens_no_picture(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(folder, cache_dir=tmp_path / "cache")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a picture was opened")

    monkeypatch.setattr(Image, "open", refuse)
    second = read(folder, cache_dir=tmp_path / "cache")
    assert second.fingerprint == first.fingerprint
    assert second.facts.ids == first.facts.ids
    assert torch.equal(second.batch(np.arange(12)).values, first.batch(np.arange(12)).values)


def test_a_changed_added_or_removed_file_makes_it_anew(folder: Path, tmp_path: Path) -> None:
    options = {"cache_dir": tmp_path / "cache"}
    first = read(folder, **options)
    Image.new("RGB", (12, 10), "red").save(folder / "003.png")
    changed = read(folder, **options)
    assert changed.fingerprint != first.fingerprint
    assert (changed.batch([3]).values[0, 0] == 255).all()
    Image.new("RGB", (12, 10), "blue").save(folder / "new.png")
    assert len(read(folder, **options)) == 13
    (folder / "000.png").unlink()
    assert len(read(folder, **options)) == 12


def test_a_change_that_keeps_the_size_of_a_file_is_noticed(tmp_path: Path, pictures: Pictures) -> None:
    path = pictures(tmp_path, 8, ending="bmp")[0]
    read(tmp_path)
    size, changed = path.stat().st_size, path.stat().st_mtime_ns
    Image.new("RGB", (12, 10), "red").save(path)
    os.utime(path, ns=(changed + 1000, changed + 1000))
    assert path.stat().st_size == size
    assert (read(tmp_path).batch([0]).values[0, 0] == 255).all()


def test_another_size_is_another_cache(folder: Path, tmp_path: Path) -> None:
    assert read(folder, cache_dir=tmp_path / "cache").batch([0]).values.shape == (1, 3, 10, 12)
    assert read(folder, cache_dir=tmp_path / "cache", size=6).batch([0]).values.shape == (1, 3, 5, 7)
    assert len(caches(tmp_path / "cache")) == 2


@pytest.mark.parametrize("harm", ["truncate", "zero", "facts", "index", "flip", "missing"])
def test_a_torn_cache_is_noticed_and_made_anew(folder: Path, tmp_path: Path, harm: str) -> None:
    first = read(folder, cache_dir=tmp_path / "cache")
    expected = first.batch(np.arange(12)).values
    (place,) = caches(tmp_path / "cache")
    (values,), (index,) = place.glob("values-*.npy"), place.glob("index-*.npz")
    if harm == "truncate":
        os.truncate(values, values.stat().st_size // 2)
    elif harm == "zero":
        content = bytearray(values.read_bytes())
        content[400:700] = bytes(300)
        values.write_bytes(content)
    elif harm == "flip":
        content = bytearray(index.read_bytes())
        content[200] ^= 1
        index.write_bytes(content)
    elif harm == "missing":
        values.unlink()
    else:
        target = place / "facts.json" if harm == "facts" else index
        target.write_bytes(target.read_bytes()[:-20])
    again = read(folder, cache_dir=tmp_path / "cache")
    assert torch.equal(again.batch(np.arange(12)).values, expected)
    assert again.fingerprint == first.fingerprint


def test_a_mapped_file_is_never_renamed_written_over_or_removed_in_use(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Windows refuses: there, a file that is mapped can be neither renamed nor removed."""
    rename, unlink = Path.rename, Path.unlink

    def refuse(change: Callable[..., Any]) -> Callable[..., Any]:
        def checked(path: Path, *arguments: Any, **options: Any) -> Any:
            if path.is_dir() or path.name.startswith("values-"):
                raise PermissionError(32, "it is mapped")
            return change(path, *arguments, **options)

        return checked

    monkeypatch.setattr(Path, "rename", refuse(rename))
    monkeypatch.setattr(Path, "replace", refuse(Path.replace))
    monkeypatch.setattr(Path, "unlink", refuse(unlink))
    options = {"cache_dir": tmp_path / "cache"}
    first = read(folder, **options)
    expected = first.batch(np.arange(12)).values
    (place,) = caches(tmp_path / "cache")
    (place / "facts.json").write_text("{")
    second = read(folder, **options)  # the torn one is made anew while the first reading still has its file mapped
    assert len(list(place.glob("values-*.npy"))) == 2
    for data in (first, second, read(folder, **options)):
        assert torch.equal(data.batch(np.arange(12)).values, expected)
        assert isinstance(data, ArrayImages)
        assert isinstance(data.values, np.memmap)


def test_what_a_killed_process_left_is_removed_a_day_later(folder: Path, tmp_path: Path) -> None:
    read(folder, cache_dir=tmp_path / "cache")
    (place,) = caches(tmp_path / "cache")
    old, new = place / "values-old.npy", place / "values-new.npy"
    for left in (old, new):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    kept = {each for each in place.iterdir() if each != old}
    for each in kept - {new}:
        os.utime(each, (0, 0))
    read(folder, cache_dir=tmp_path / "cache", size=6)
    assert set(place.iterdir()) == kept


def test_nothing_half_written_stays(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    data = read(folder, cache_dir=tmp_path / "cache")
    assert caches(tmp_path / "cache") == []
    assert len(data) == 12
    assert any("no cache could be kept" in note and "No space left" in note for note in data.facts.notes)


def test_a_place_that_cannot_be_written_is_said_and_does_not_stop(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    data = read(folder, cache_dir=tmp_path / "file")
    assert len(data) == 12
    assert any("no cache could be kept" in note for note in data.facts.notes)


def test_without_a_cache_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    data = read(folder, cache=False, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    assert data.fingerprint == read(folder, cache_dir=tmp_path / "cache").fingerprint


def test_what_exceeds_the_limit_is_decoded_for_each_batch(folder: Path, tmp_path: Path) -> None:
    (folder / "zero.png").write_bytes(b"")
    streamed = read(folder, cache_dir=tmp_path / "cache", cache_limit=1000)
    cached = read(folder, cache_dir=tmp_path / "cache")
    assert isinstance(streamed, StreamedImages)
    assert isinstance(cached, ArrayImages)
    assert streamed.facts.ids == cached.facts.ids
    assert [item.what for item in streamed.facts.skipped] == ["zero.png"]
    assert streamed.spec == cached.spec
    assert any("decoded anew for each batch" in note for note in streamed.facts.notes)
    batch = streamed.batch([5, 2])
    assert torch.equal(batch.values, cached.batch([5, 2]).values)
    assert batch.index.tolist() == [5, 2]
    assert isinstance(read(folder, cache_dir=tmp_path / "cache", cache_limit=1000), StreamedImages)


def test_data_stays_what_it_was_when_there_is_more_room_later(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        for name in ("room_on_disk", "room_in_memory"):
            patch.setattr(ReadOptions, name, lambda self: 1000)
        before = read(folder, cache_dir=tmp_path / "cache")
    assert isinstance(before, StreamedImages)
    again = read(folder, cache_dir=tmp_path / "cache")
    assert again.fingerprint == before.fingerprint, "a run that began then could not be resumed"
    (note,) = [note for note in again.facts.notes if "as before" in note]
    Path(note.partition("before: ")[2].partition(" says")[0]).unlink()
    assert isinstance(read(folder, cache_dir=tmp_path / "cache"), ArrayImages)


def test_a_streamed_file_lost_on_the_way_is_a_plain_picture_and_one_warning(folder: Path) -> None:
    streamed = read(folder, cache=False, cache_limit=1000)
    (folder / "004.png").unlink()
    with pytest.warns(RuntimeWarning, match=r"004\.png is shown as a plain picture: there is no such file"):
        batch = streamed.batch([3, 4])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        streamed.batch([4])
    assert streamed.incidents() == ["1 picture could not be read when wanted: plain ones took the place"]
    assert batch.values[1].flatten(1).float().std(dim=1).max() == 0
    assert batch.values[0].flatten(1).float().std(dim=1).min() > 0


def test_worker_processes_map_the_file_instead_of_being_sent_it(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 20, size=(64, 64))
    data = read(tmp_path)
    sent = pickle.dumps(data)
    assert len(sent) < 10_000
    assert torch.equal(pickle.loads(sent).batch([7]).values, data.batch([7]).values)
