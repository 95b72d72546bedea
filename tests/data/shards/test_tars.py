"""Tars as strangers make them: what is whole is read, what is not is told, nothing is unpacked."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.data.images import StreamedImages
from selflearn.data.remote.files import list_files
from selflearn.data.shards.access import Access
from selflearn.data.shards.files import Gone
from selflearn.errors import DataError

Pictures = Callable[..., list[Path]]


def jpeg(number: int, size: tuple[int, int] = (16, 12)) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=95)
    return file.getvalue()


def tar(path: Path, members: list[tuple[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def samples(first: int, count: int = 10) -> list[tuple[str, bytes]]:
    return [
        member
        for number in range(first, first + count)
        for member in ((f"{number:04d}.jpg", jpeg(number)), (f"{number:04d}.cls", b"cat" if number % 2 else b"dog"))
    ]


def why(data) -> dict[str, str]:
    return {item.what: item.why for item in data.facts.skipped}


def test_tars_read_as_the_folder_they_were_made_of(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / "folder" / ("cat" if number % 2 else "dog") / f"{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
    for shard in (0, 10):
        tar(tmp_path / "shards" / f"train-{shard:03d}.tar", samples(shard))
    folder, shards = read(tmp_path / "folder"), read(tmp_path / "shards")
    assert recognise(tmp_path / "shards").kind == "image"
    assert shards.facts.ids == [f"{number:04d}.jpg" for number in range(20)]
    assert shards.facts.classes == folder.facts.classes == ["cat", "dog"]
    place = {Path(name).name: position for position, name in enumerate(folder.facts.ids)}
    same = [place[name] for name in shards.facts.ids]
    assert np.array_equal(shards.labels, folder.labels[same])
    assert np.array_equal(shards.batch(np.arange(20)).values, folder.batch(same).values)


def test_streamed_and_decoded_shards_are_equal_in_batches_blocks_and_facts(tmp_path: Path) -> None:
    for shard in (0, 10, 20):
        tar(tmp_path / f"{shard:03d}.tar", samples(shard))
    kept, streamed = read(tmp_path), read(tmp_path, cache=False, cache_limit=0)
    assert isinstance(streamed, StreamedImages)
    assert not isinstance(kept, StreamedImages)
    assert np.array_equal(kept.batch([29, 3, 11]).values, streamed.batch([29, 3, 11]).values)
    assert kept.spec == streamed.spec
    assert kept.blocks is not None
    assert streamed.blocks is not None
    assert np.array_equal(kept.blocks.of, streamed.blocks.of)
    assert kept.blocks.of.tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_labels_and_groups_come_from_json_and_a_field_may_be_named(tmp_path: Path) -> None:
    members = [
        member
        for number in range(10)
        for member in (
            (f"{number}.png.jpg", jpeg(number)),
            (f"{number}.json", json.dumps({"label": number % 2, "patient": f"p{number // 2}", "tone": "ab"[number // 5]}).encode()),
            (f"{number}.txt", b"a caption"),
        )
    ]
    path = tar(tmp_path / "a.tar", members)
    data = read(path)
    assert data.facts.classes == ["0", "1"]
    assert data.facts.groups is not None
    assert data.facts.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert any("10 txt" in note for note in data.facts.notes)
    assert read(path, labels="tone").facts.classes == ["a", "b"]
    with pytest.raises(DataError, match="nothing in .* is called 'shade'"):
        read(path, labels="shade")


def test_what_cannot_be_used_is_skipped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in [
            *samples(0),
            ("../outside.jpg", jpeg(50)),
            ("/absolute.jpg", jpeg(51)),
            ("broken.jpg", b"no picture"),
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, form in (("soft.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE), ("pipe.jpg", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = form, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("0003.jpg")
        info.size = len(jpeg(99))
        archive.addfile(info, io.BytesIO(jpeg(99)))
        archive.addfile(tarfile.TarInfo("empty.jpg"))
    data = read(path)
    assert data.facts.ids == [f"{number:04d}.jpg" for number in range(10)]
    told = {name.rpartition(": ")[2]: reason for name, reason in why(data).items()}
    assert told["../outside.jpg"] == told["/absolute.jpg"] == "its name leads out of the folder"
    assert told["soft.jpg"] == told["hard.jpg"] == "it is a link"
    assert told["pipe.jpg"] == "it is no plain file"
    assert "twice" in told["0003.jpg"]
    assert "no picture" in told["broken.jpg"]
    assert "empty" in told["empty.jpg"]
    assert not (tmp_path.parent / "outside.jpg").exists()


def test_a_damaged_shard_among_good_ones_costs_only_what_is_behind_the_damage(tmp_path: Path) -> None:
    for shard in range(0, 50, 10):
        tar(tmp_path / f"{shard:03d}.tar", samples(shard))
    whole = (tmp_path / "000.tar").read_bytes()
    (tmp_path / "000.tar").write_bytes(whole[: whole.index(b"0003.jpg\0") + 700])  # in the middle of a picture
    damaged = bytearray((tmp_path / "010.tar").read_bytes())
    fourth = bytes(damaged).index(b"0013.jpg\0")
    damaged[fourth : fourth + 512] = b"\xaa" * 512
    (tmp_path / "010.tar").write_bytes(damaged)
    (tmp_path / "020.tar").write_bytes(b"this is text and no archive " * 100)
    (tmp_path / "025.tar").write_bytes(b"")
    packed = tmp_path / "030.tar"
    packed.write_bytes(gzip.compress(packed.read_bytes()))
    data = read(tmp_path)
    told = {Path(name).name: reason for name, reason in why(data).items()}
    assert "cut off in the middle of 0003.jpg" in told["000.tar"]
    assert "damaged after 6 members" in told["010.tar"]
    assert "no tar archive" in told["020.tar"]
    assert told["025.tar"] == "it is empty"
    assert "compressed (gzip)" in told["030.tar"]
    assert set(data.facts.ids) >= {"0010.jpg", "0011.jpg", "0012.jpg", "0040.jpg", "0049.jpg"}
    assert "0013.jpg" not in data.facts.ids


def test_names_that_repeat_over_shards_stand_behind_the_name_of_theirs(tmp_path: Path) -> None:
    for shard in ("a", "b"):
        tar(tmp_path / f"{shard}.tar", [(f"{number}.jpg", jpeg(number + ord(shard))) for number in range(5)])
    assert read(tmp_path).facts.ids == [f"{shard}/{number}.jpg" for shard in "ab" for number in range(5)]


def test_patterns_name_shards_and_missing_ones_are_told(tmp_path: Path) -> None:
    for shard in range(3):
        tar(tmp_path / f"train-{shard:03d}.tar", samples(10 * shard))
    tar(tmp_path / "test-000.tar", samples(90))
    assert len(read(str(tmp_path / "train-*.tar"))) == 30
    data = read(str(tmp_path / "train-{000..004}.tar"))
    assert len(data) == 30
    assert [Path(item.what).name for item in data.facts.skipped] == ["train-003.tar", "train-004.tar"]
    assert data.facts.skipped[0].why == "the file is missing"


def test_a_second_reading_looks_into_no_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for shard in (0, 10):
        tar(tmp_path / "data" / f"{shard:03d}.tar", samples(shard))
    first = read(tmp_path / "data", cache_limit=0, cache_dir=tmp_path / "cache")
    monkeypatch.setattr("selflearn.data.shards.gather.index_tar", lambda *args: pytest.fail("looked into a shard again"))
    again = read(tmp_path / "data", cache_limit=0, cache_dir=tmp_path / "cache")
    assert again.facts.ids == first.facts.ids
    assert again.fingerprint == first.fingerprint


def test_a_kept_index_that_says_what_cannot_be_is_made_anew(tmp_path: Path) -> None:
    tar(tmp_path / "data" / "0.tar", samples(0))
    read(tmp_path / "data", cache_limit=0, cache_dir=tmp_path / "cache")
    index = next((tmp_path / "cache" / "shards" / "index").glob("*.npz"))
    with np.load(index) as kept:
        arrays = dict(kept)
    arrays["offset"] = arrays["offset"] + 10**9
    np.savez(index, **arrays)
    data = read(tmp_path / "data", cache_limit=0, cache_dir=tmp_path / "cache")
    assert data.batch([0, 9]).values.shape == (2, 3, 12, 16)


def test_a_shard_that_goes_away_while_it_is_read_becomes_plain_pictures_told_once(tmp_path: Path) -> None:
    for shard in (0, 10):
        tar(tmp_path / f"{shard:03d}.tar", samples(shard))
    data = read(tmp_path, cache=False, cache_limit=0)
    again = read(tmp_path, cache=False, cache_limit=0)
    (tmp_path / "010.tar").unlink()
    assert isinstance(again, StreamedImages)
    again.origin.access.__setstate__(again.origin.access.__getstate__())  # as in a fresh worker process: nothing is open
    with pytest.warns(RuntimeWarning, match="010.tar: it is gone") as warned:
        values = again.batch(np.arange(20)).values
    assert len(warned) == 1
    assert (values[10:] == values[10, :, :1, :1]).all()
    assert not (values[:10] == values[10]).all()
    elsewhere = Access.__new__(Access)
    elsewhere.__setstate__(again.origin.access.__getstate__())  # another worker process hears of it, and does not count it again
    with pytest.raises(Gone):
        elsewhere.bytes(1, 0, 10)
    assert again.incidents() == ["1 shard went away while being read: plain samples took the place of what was in there"]
    assert data.incidents() == []


def test_a_run_does_not_go_on_with_plain_pictures_where_most_shards_went_away(tmp_path: Path) -> None:
    for shard in range(0, 30, 10):
        tar(tmp_path / f"{shard:03d}.tar", samples(shard))
    data = read(tmp_path, cache=False, cache_limit=0)
    assert isinstance(data, StreamedImages)
    data.origin.access.__setstate__(data.origin.access.__getstate__())
    for shard in (0, 10):
        (tmp_path / f"{shard:03d}.tar").unlink()
    with pytest.warns(RuntimeWarning, match="is gone"), pytest.raises(DataError, match="2 of 3 shards.* with --resume"):
        data.batch(np.arange(30))


@pytest.fixture
def bucket() -> Iterator[str]:
    """Nine shards in memory, as elsewhere."""
    fs = fsspec.filesystem("memory")
    with tempfile.TemporaryDirectory() as folder:
        for shard in range(0, 90, 10):
            path = tar(Path(folder) / f"{shard:03d}.tar", samples(shard))
            fs.pipe(f"/shards/{path.name}", path.read_bytes())
    yield "memory://shards/"
    fs.rm("/shards", recursive=True)


def test_a_shard_that_may_no_longer_be_read_hides_behind_no_plain_picture(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read(bucket, kind="image", cache_limit=0, cache_dir=tmp_path)
    assert isinstance(data, StreamedImages)
    for shard in (tmp_path / "shards").glob("*.shard"):
        shard.unlink()
    data.origin.access.__setstate__(data.origin.access.__getstate__())

    def expired(*args: object) -> None:
        raise PermissionError("the token has expired")

    monkeypatch.setattr("selflearn.data.shards.access.fetch", expired)
    with pytest.raises(DataError, match="no permission to read memory://.*tar any more.* continued with --resume"):
        data.batch([0, 80])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux which files are open")
def test_what_the_store_drops_takes_no_room_on_the_disk(bucket: str, tmp_path: Path) -> None:
    def opened() -> list[str]:
        links = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        return [name for name in map(os.readlink, links) if name.startswith(str(tmp_path))]

    room = 8 * max(each.size for each in list_files(bucket).files)
    data = read(bucket, kind="image", cache_limit=0, cache_dir=tmp_path, more={"store": room, "shuffle": 1})
    for row in range(0, 90, 10):
        data.batch([row])
    assert opened()
    assert not [name for name in opened() if name.endswith("(deleted)")]


def test_a_store_that_is_too_small_is_told_with_true_numbers(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="^9 shards are shuffled together; .*--read store=20GB"):
        read(bucket, kind="image", cache_dir=tmp_path, more={"store": 1000})


def test_labels_that_stand_apart_from_their_pictures_are_told(tmp_path: Path) -> None:
    apart = sorted(samples(0), key=lambda member: member[0].endswith("cls"))  # as tar packs a folder that lists them so
    data = read(tar(tmp_path / "apart.tar", apart))
    assert (data.labels < 0).all()
    assert [item.why for item in data.facts.skipped] == [
        "10 times with nothing beside them: members of one name must follow each other (tar --sort=name)"
    ]


def test_groups_by_a_name_that_nothing_has_are_refused(tmp_path: Path) -> None:
    path = tar(tmp_path / "data.tar", samples(0))
    with pytest.raises(DataError, match="nothing in .* is called 'patient', to read groups from"):
        read(path, groups="patient")


def test_tars_of_other_things_say_so(tmp_path: Path) -> None:
    path = tar(tmp_path / "words.tar", [(f"{number}.bin", b"x" * 100) for number in range(10)])
    with pytest.raises(DataError, match=r"1 shards without pictures or recordings \(the first holds 0.bin"):
        read(path)
    with pytest.raises(DataError, match="not as table: unpack them"):
        read(path, kind="table")
