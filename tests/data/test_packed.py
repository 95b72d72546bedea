"""Files of bytes, gzipped or not: whole ones come as they are, damaged and boundless ones are refused with a word."""

import gzip
import random

import pytest

from selflearn.data import packed, read
from selflearn.errors import DataError

TEXT = "".join(f"{number},{number % 7},{number * 37 % 101}\n" for number in range(3000)).encode()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_content_is_what_is_in_it(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT) if name.endswith(".gz") else TEXT)
    assert packed.content(path) == TEXT
    assert packed.content(path, 1000) == TEXT[:1000]
    with packed.unpacked(path) as file:
        assert file.readline() == TEXT.splitlines(keepends=True)[0]


def test_every_damage_is_told_as_one(tmp_path):
    """Deflate's own errors, checksums and ends that are missing are three kinds of exceptions in Python."""
    whole, draw, told = gzip.compress(b"x,y,z\n" + TEXT), random.Random(0), set()
    for _ in range(150):
        broken = bytearray(whole)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        path = tmp_path / "a.csv.gz"
        path.write_bytes(broken if draw.random() < 0.7 else broken[: draw.randrange(len(broken))])
        try:
            read(path, cache=False)
        except DataError as error:
            told.add(str(error).split(":")[0].rsplit("/", 1)[1])
    assert "a.csv.gz is damaged or no whole gzip file" in told


def test_what_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "free_memory", lambda: 40_000_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0,1,2\n" * 5_000_000))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"holds more than 0\.01 GB"):
        packed.content(path)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv cannot be read"):
        packed.content(tmp_path / "nothing.csv")
