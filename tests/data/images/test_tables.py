from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.errors import DataError

Pictures = Callable[..., list[Path]]


def write_csv(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_csv_of_paths_with_labels_and_groups(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "p")
    rows = [f"p/{number:03d}.png,{'xy'[number % 2]},{number // 5},0" for number in range(10)]
    table = write_csv(tmp_path / "table.csv", ["filename,class,patient,age", *rows])
    data = read(table)
    assert recognise(table).kind == "image"
    assert data.facts.ids[0] == "p/000.png"
    assert data.labels.tolist() == [0, 1] * 5
    assert data.facts.groups is not None
    assert data.facts.groups.tolist() == [0] * 5 + [1] * 5
    assert any("'class'" in note for note in data.facts.notes)
    assert read(table, labels="age").facts.classes == ["0"]
    with pytest.raises(DataError, match="no column 'clas' for labels; did you mean 'class'"):
        read(table, labels="clas")


def test_a_parquet_of_paths_or_of_encoded_pictures(tmp_path: Path, pictures: Pictures) -> None:
    paths = pictures(tmp_path / "p")
    pq.write_table(pa.table({"path": [f"p/{path.name}" for path in paths], "label": list(range(10))}), tmp_path / "paths.parquet")
    encoded = [{"bytes": path.read_bytes(), "path": path.name} for path in paths]
    pq.write_table(pa.table({"image": encoded, "label": list(range(10))}), tmp_path / "bytes.parquet")
    first, second = read(tmp_path / "paths.parquet"), read(tmp_path / "bytes.parquet")
    assert first.fingerprint == second.fingerprint
    assert first.labels.tolist() == list(range(10))


def test_files_a_table_names_and_that_are_not_there_are_skipped(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 9)
    table = write_csv(tmp_path / "t.csv", ["path", *(f"{number:03d}.png" for number in range(11))])
    data = read(table)
    assert [(item.what, item.why) for item in data.facts.skipped] == [
        (f"{each}.png", "there is no such file") for each in ("009", "010")
    ]


def test_two_labels_for_one_file_are_refused_and_one_twice_is_taken_once(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 9)
    rows = [f"{number:03d}.png,a" for number in range(9)]
    data = read(write_csv(tmp_path / "t.csv", ["path,label", *rows, rows[4], f"./{rows[5]}"]))
    assert len(data) == 9
    assert any("2 files are named more than once" in note for note in data.facts.notes)
    with pytest.raises(DataError, match=r"004\.png two labels, 'a' and 'b'"):
        read(write_csv(tmp_path / "t.csv", ["path,label", *rows, "004.png,b"]))


def test_labels_may_come_from_another_file(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 9)
    table = write_csv(tmp_path / "t.csv", ["path,label", *(f"{number:03d}.png,a" for number in range(9))])
    labels = write_csv(tmp_path / "l.csv", ["path,label", "003.png,b"])
    assert read(table, labels=labels).labels.tolist() == [-1, -1, -1, 0, -1, -1, -1, -1, -1]


def test_data_frames_of_paths_and_of_pictures(tmp_path: Path, pictures: Pictures) -> None:
    pandas = pytest.importorskip("pandas")
    paths = pictures(tmp_path)
    by_path = read(pandas.DataFrame({"where": [str(path) for path in paths], "label": ["a"] * 5 + [None] * 5}))
    by_object = read(pandas.DataFrame({"photo": [Image.open(path) for path in paths], "label": ["a"] * 5 + [None] * 5}))
    assert by_path.labels.tolist() == by_object.labels.tolist() == [0] * 5 + [-1] * 5
    assert by_path.fingerprint == by_object.fingerprint


def test_lists_of_paths_and_of_pictures(tmp_path: Path, pictures: Pictures) -> None:
    paths = pictures(tmp_path)
    by_path, by_object = read(paths), read([Image.open(path) for path in paths], labels=[0] * 10)
    assert np.array_equal(by_path.raw([3]), by_object.raw([3]))
    assert by_object.labels.tolist() == [0] * 10
    with pytest.raises(DataError, match="more than once"):
        read([*paths, paths[0]])


def test_objects_are_left_as_they_are(tmp_path: Path, pictures: Pictures) -> None:
    images = [Image.open(path) for path in pictures(tmp_path, 8, size=(300, 300), ending="jpg")]
    read(images, size=16)
    assert images[0].size == (300, 300)


def test_a_hub_dataset_with_an_image_column(tmp_path: Path, pictures: Pictures) -> None:
    datasets = pytest.importorskip("datasets")
    paths = pictures(tmp_path)
    features = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog", "cow"])})
    source = datasets.Dataset.from_dict({"img": [str(path) for path in paths], "label": [0, 1] * 5}, features=features)
    assert recognise(source).kind == "image"
    data = read(source)
    assert data.facts.classes == ["cat", "dog", "cow"]
    assert data.labels.tolist() == [0, 1] * 5
    assert np.array_equal(data.raw(np.arange(10)), read(paths).raw(np.arange(10)))


def test_a_table_without_pictures_is_refused(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "t.csv", ["a,b", "1,2"])
    assert recognise(table).kind == "table"
    with pytest.raises(DataError, match="no column of picture paths; its columns are a, b"):
        read(table, kind="image")
