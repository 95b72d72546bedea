"""Pictures and tables in a bucket: shards fetched when wanted, other files mirrored, a server that goes away and returns."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.data.images import StreamedImages
from selflearn.errors import DataError


def picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def fill(bucket: Path, shards: int = 3, count: int = 8) -> None:
    bucket.mkdir(parents=True)
    for shard in range(shards):
        with tarfile.open(bucket / f"train-{shard:03d}.tar", "w") as archive:
            for number in range(shard * count, (shard + 1) * count):
                for name, content in ((f"{number:03d}.png", picture(number)), (f"{number:03d}.cls", str(number % 2).encode())):
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))


def forget(data, cache: Path) -> None:
    """As in a fresh process whose store has dropped everything."""
    for shard in (cache / "shards").glob("*.shard"):
        shard.unlink()
    access = data.origin.access
    access.__setstate__(access.__getstate__())


def test_a_bucket_of_shards_and_tables_and_a_server_that_goes_away(tmp_path: Path, s3, monkeypatch: pytest.MonkeyPatch) -> None:
    """One server for all of it: starting one takes seconds."""
    fill(s3.folder / "pictures" / "all")
    images = [{"bytes": picture(row), "path": None} for row in range(16)]
    (s3.folder / "pictures" / "columns").mkdir()
    pq.write_table(
        pa.table({"image": images, "label": [row % 2 for row in range(16)]}),
        s3.folder / "pictures/columns/a.parquet",
        row_group_size=4,
    )
    (s3.folder / "pictures" / "table").mkdir()
    rows = "".join(f"{row},{row * row},{'ab'[row % 2]}\n" for row in range(40))
    (s3.folder / "pictures" / "table" / "t.csv").write_text(f"x,y,label\n{rows}")
    (s3.folder / "pictures" / "labels.csv").write_text("id,label\n" + "".join(f"{row:03d},{row % 3}\n" for row in range(24)))
    s3.start()
    cache = tmp_path / "cache"

    data = read("s3://pictures/all/", kind="image", cache_limit=0, cache_dir=cache)
    assert isinstance(data, StreamedImages)
    assert data.facts.ids == [f"{number:03d}.png" for number in range(24)]
    assert data.labels.tolist() == [number % 2 for number in range(24)]
    before = data.batch([0, 9, 23]).values
    assert np.array_equal(before[1], np.asarray(Image.open(io.BytesIO(picture(9)))).transpose(2, 0, 1))

    part = read(
        "s3://pictures/all/train-{000..003}.tar", kind="image", cache_limit=0, cache_dir=cache, labels="s3://pictures/labels.csv"
    )
    assert len(part) == 24
    assert part.facts.classes == ["0", "1", "2"]
    assert [(item.what, item.why) for item in part.facts.skipped] == [("s3://pictures/all/train-003.tar", "the file is missing")]
    assert len(read("s3://pictures/all/train-00[01].tar", kind="image", cache_dir=cache)) == 16

    columns = read("s3://pictures/columns/", kind="image", cache_limit=0, cache_dir=cache)
    assert np.array_equal(columns.batch([13]).values[0], np.asarray(Image.open(io.BytesIO(picture(13)))).transpose(2, 0, 1))

    table = read("s3://pictures/table/t.csv", kind="table", cache_dir=cache)
    assert len(table) == 40
    assert any("copied to the cache" in note for note in table.facts.notes)
    assert not any("copied" in note for note in read("s3://pictures/table/t.csv", kind="table", cache_dir=cache).facts.notes)

    with pytest.raises(DataError, match="there is nothing at|there are no files at"):
        read("s3://pictures/nothing/", kind="image", cache_dir=cache)
    with pytest.raises(DataError, match="there is nothing at|there are no files at"):
        read("s3://no-such-bucket/x/", kind="image", cache_dir=cache)

    # The server dies, and is there again two seconds later: nothing is lost, and it is told.
    forget(data, cache)
    s3.kill()
    back = threading.Timer(2.0, s3.start)
    back.start()
    with pytest.warns(RuntimeWarning, match="cannot be reached .* trying again"):
        again = data.batch([0, 9, 23]).values
    back.join()
    assert np.array_equal(again, before)
    assert len(data.incidents()) == 1
    assert "requests for shards were made again" in data.incidents()[0]

    # It does not return: a clear end after as long as one waits.
    forget(data, cache)
    s3.kill()
    monkeypatch.setenv("SELFLEARN_RETRY_SECONDS", "1.5")
    began = time.monotonic()
    with pytest.warns(RuntimeWarning), pytest.raises(DataError, match="cannot be reached .* continued with --resume"):
        data.batch([0])
    assert time.monotonic() - began < 20
    with pytest.raises(DataError, match="cannot be reached"):
        recognise("s3://pictures/all/")
