"""Packing pictures as shards and reading them again: the same bytes, labels and groups, an index that spares the looking."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from selflearn.data import read
from selflearn.data.images.pack import pack
from selflearn.errors import DataError

Pictures = Callable[..., list[Path]]


def test_a_packed_folder_reads_as_the_folder(tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "p" / "ant", 15)
    pictures(tmp_path / "p" / "bee", 15, size=(10, 14), ending="jpg")
    (tmp_path / "p" / "bee" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "p" / "bee" / "two.dots.png").write_bytes((tmp_path / "p" / "ant" / "003.png").read_bytes())
    packed = pack(tmp_path / "p", tmp_path / "out", shard_size=20_000)
    assert (packed.pictures, packed.skipped) == (31, 1)
    assert packed.shards > 2
    assert all(path.stat().st_size <= 20_480 for path in (tmp_path / "out").glob("*.tar"))
    monkeypatch.setattr("selflearn.data.shards.gather.index_tar", lambda *args: pytest.fail("the index beside it was not used"))
    folder, shards = read(tmp_path / "p"), read(tmp_path / "out")
    assert sorted(shards.facts.ids) == sorted(name.replace("two.dots", "two_dots") for name in folder.facts.ids)
    assert shards.facts.classes == folder.facts.classes == ["ant", "bee"]
    place = {name.replace("two.dots", "two_dots"): position for position, name in enumerate(folder.facts.ids)}
    same = [place[name] for name in shards.facts.ids]
    assert np.array_equal(shards.labels, folder.labels[same])
    assert np.array_equal(shards.batch(np.arange(31)).values, folder.batch(same).values)
    with tarfile.open(sorted((tmp_path / "out").glob("*.tar"))[0]) as archive:
        member = next(each for each in archive if each.name.endswith(".jpg"))
        file = archive.extractfile(member)
        assert file is not None
        assert file.read() == (tmp_path / "p" / member.name).read_bytes()


def test_arrays_are_packed_as_png_and_deep_ones_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (12, 9, 9), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=values, labels=np.arange(12) % 3)
    assert pack(tmp_path / "a.npz", tmp_path / "out").pictures == 12
    data = read(tmp_path / "out")
    assert np.array_equal(data.batch(np.arange(12)).values[:, 0], values[[int(Path(name).stem) for name in data.facts.ids]])
    np.save(tmp_path / "deep.npy", values.astype(np.float32) / 255)
    with pytest.raises(DataError, match=r"keep them as \.npz"):
        pack(tmp_path / "deep.npy", tmp_path / "other")


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "p")
    with pytest.raises(DataError, match="not an empty folder"):
        pack(tmp_path / "p", tmp_path / "p")


def test_an_index_beside_another_shard_is_not_believed(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "p", 20)
    pack(tmp_path / "p", tmp_path / "out", shard_size=6000)
    first, second = sorted((tmp_path / "out").glob("*.tar"))[:2]
    index = (first.with_name(first.name + ".index.npz"), second.with_name(second.name + ".index.npz"))
    whole = index[1].read_bytes()
    index[0].write_bytes(whole[: len(whole) // 2])
    second.write_bytes(second.read_bytes() + bytes(10_240))
    data = read(tmp_path / "out")
    assert sorted(data.facts.ids) == [f"{number:03d}.png" for number in range(20)]
