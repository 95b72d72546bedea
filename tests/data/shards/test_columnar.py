"""Parquet and Arrow files of encoded pictures, in several row groups and files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.data.images import StreamedImages
from selflearn.data.shards import columnar


def png(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def pixels(number: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png(number)))).transpose(2, 0, 1)


def table(first: int, count: int = 20) -> pa.Table:
    rows = range(first, first + count)
    images = [{"bytes": png(row), "path": f"{row}.png"} for row in rows]
    return pa.table({"image": images, "label": [row % 3 for row in rows], "site": [f"s{row // 4}" for row in rows]})


def test_row_groups_are_read_at_random_with_labels_and_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "PART", 3000)
    for file in (0, 20):
        pq.write_table(table(file), tmp_path / f"{file:02d}.parquet", row_group_size=4)
    assert recognise(tmp_path).kind == "image"
    data = read(tmp_path, cache=False, cache_limit=0, cache_dir=tmp_path / "cache")
    assert isinstance(data, StreamedImages)
    assert data.blocks is not None
    assert data.blocks.of.max() > 3
    assert data.facts.ids[:2] == ["0.png", "1.png"]
    assert data.labels.tolist() == [row % 3 for row in range(40)]
    assert data.facts.groups is not None
    assert len(np.unique(data.facts.groups)) == 10
    for row, found in zip([39, 0, 17], data.batch([39, 0, 17]).values.numpy(), strict=True):
        assert np.array_equal(found, pixels(row))


@pytest.mark.parametrize("form", ["file", "stream", "binary", "parquet"])
def test_every_form_of_a_column_of_files(tmp_path: Path, form: str) -> None:
    found = table(0)
    if form in {"file", "stream"}:
        write = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, write(sink, found.schema) as writer:
            writer.write_table(found, max_chunksize=7)
    else:
        if form == "binary":
            found = pa.table({"jpg": pa.array([png(row) for row in range(20)], pa.large_binary()), "label": found["label"]})
        pq.write_table(found, tmp_path / "a.parquet")
    data = read(tmp_path)
    assert len(data) == 20
    assert np.array_equal(data.batch([13]).values[0].numpy(), pixels(13))
    assert data.labels[13] == 1


def test_names_of_classes_that_the_datasets_library_notes(tmp_path: Path) -> None:
    about = {"info": {"features": {"label": {"names": ["ant", "bee", "cat", "dog"], "_type": "ClassLabel"}}}}
    found = table(0).replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(found, tmp_path / "a.parquet")
    data = read(tmp_path / "a.parquet")
    assert data.facts.classes == ["ant", "bee", "cat", "dog"]
    assert data.labels.tolist() == [row % 3 for row in range(20)]


def test_rows_without_a_picture_and_damaged_files_are_skipped(tmp_path: Path) -> None:
    images = [png(row) for row in range(20)]
    images[3], images[4], images[5] = None, b"", b"no picture"
    pq.write_table(pa.table({"image": pa.array(images, pa.binary())}), tmp_path / "a.parquet")
    pq.write_table(table(40), tmp_path / "b.parquet")
    whole = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[: len(whole) // 2])
    data = read(tmp_path)
    assert len(data) == 17
    told = {Path(item.what).name: item.why for item in data.facts.skipped}
    assert told["a.parquet, row 3"] == "there is no file in it"
    assert "empty" in told["a.parquet, row 4"]
    assert "no picture" in told["a.parquet, row 5"]
    assert "damaged" in told["b.parquet"]


def test_tables_of_numbers_stay_tables(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).standard_normal((40, 3))
    pq.write_table(pa.table({name: numbers[:, each] for each, name in enumerate("abc")}), tmp_path / "t.parquet")
    assert recognise(tmp_path / "t.parquet").kind == "table"
    digests = [bytes(row) for row in np.random.default_rng(1).integers(0, 9, (40, 8), dtype=np.uint8)]
    pq.write_table(pa.table({"a": numbers[:, 0], "b": numbers[:, 1], "digest": digests}), tmp_path / "d.parquet")
    assert recognise(tmp_path / "d.parquet").kind == "table"
