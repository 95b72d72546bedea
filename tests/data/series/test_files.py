"""Archives of series: .ts, .arff, headless .tsv, folders of them and of tables; and what is wrong in them, by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from selflearn.data import read, recognise
from selflearn.data.series import Series
from selflearn.errors import DataError

RNG = np.random.default_rng(2)
STACK = RNG.normal(size=(9, 2, 16)).round(3)
CLASSES = [("up", "down")[row % 2] for row in range(9)]


def ts(stack: np.ndarray = STACK) -> str:
    lines = [
        ":".join([*(",".join(map(str, channel)) for channel in sample), label])
        for sample, label in zip(stack, CLASSES, strict=True)
    ]
    return "\n".join(["# a comment", "@problemName made", "@univariate false", "@classLabel true up down", "@data", *lines, ""])


def arff() -> str:
    head = ["@relation made", *(f"@attribute att{step} numeric" for step in range(16)), "@attribute class {up,down}", "@data"]
    return "\n".join([*head, *(",".join([*map(str, row), label]) for row, label in zip(STACK[:, 0], CLASSES, strict=True))])


def relational() -> str:
    head = ["@relation made", "@attribute channels relational", *(f"@attribute t{step} numeric" for step in range(16))]
    head += ["@end channels", "@attribute class {up,down}", "@data"]
    rows = ["'" + "\\n".join(",".join(map(str, channel)) for channel in sample) + "'" for sample in STACK]
    return "\n".join([*head, *(f"{row},{label}" for row, label in zip(rows, CLASSES, strict=True))])


def tsv() -> str:
    return "\n".join("\t".join([str(1 + row % 2), *map(str, STACK[row, 0])]) for row in range(9))


def series(source: object, **options: object) -> Series:
    found = read(source, kind="series", cache=False, **options)
    assert isinstance(found, Series)
    return found


@pytest.mark.parametrize(
    ("name", "content", "channels"), [("a.ts", ts, 2), ("a.arff", arff, 1), ("b.arff", relational, 2), ("a.tsv", tsv, 1)]
)
def test_every_format_of_the_archives_is_recognised_and_read(tmp_path: Path, name: str, content, channels: int) -> None:
    path = tmp_path / name
    path.write_text(content())
    assert recognise(path).kind == "series"
    data = series(path)
    assert data.batch(range(9)).values.numpy() == pytest.approx(STACK[:, :channels], rel=1e-5)
    assert [data.facts.classes[label] for label in data.labels] == (CLASSES if name != "a.tsv" else ["1", "2"] * 4 + ["1"])


def test_series_of_a_ts_file_may_differ_in_length_and_have_gaps_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    lines = [f"{','.join(map(str, range(length)))}:up" for length in range(5, 14)]
    lines[0] = "0,?,2,3,4:down"
    lines[1] = "(0,0),(1,1),(2,2),(3,3),(4,4),(5,5):up"
    path.write_text("@classLabel true up down\n@data\n" + "\n".join(lines))
    data = series(path)
    assert data.lengths.tolist() == list(range(5, 14))
    assert data.batch([0]).values[0, 0, :5].tolist() == [0, 1, 2, 3, 4]
    assert data.batch([1]).values[0, 0, :6].tolist() == [0, 1, 2, 3, 4, 5]
    assert any("1 missing values" in note for note in data.facts.notes)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ts", "@classLabel true\n1,2,3:up", "no @data line"),
        ("a.ts", "@data\n", "no series after"),
        ("a.ts", "@data\n1,2,3\n1,x,3", "line 3"),
        ("a.ts", "@classLabel true up\n@data\n1,2,3:up\nup", "line 4: there is a class and no series"),
        ("a.ts", "@data\n1,2,3:4,5,6\n1,2,3", "1 channels, where others have 2"),
        ("a.arff", "@attribute a numeric\n@attribute b numeric\n@data\n1,2,3", "3 values for 2 attributes"),
        ("a.arff", "@attribute a string\n@data\nx", "no attributes of numbers"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_its_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        series(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(b"\xff\xfe\x00\x81" * 50)
    with pytest.raises(DataError, match="no text file"):
        series(path)


def test_a_folder_of_an_archive_is_its_parts_and_formats_that_say_the_same_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "Made_TRAIN.ts").write_text(ts())
    (tmp_path / "Made_TEST.ts").write_text(ts(STACK + 1))
    (tmp_path / "Made_TRAIN.tsv").write_text(tsv())
    both = series(tmp_path)
    assert len(both) == 18
    assert both.facts.ids[0].startswith("train")
    assert len(series(tmp_path, more={"part": "test"})) == 9


def test_a_folder_of_tables_is_a_recording_each_with_folders_as_classes_and_strangers_skipped(tmp_path: Path) -> None:
    for row in range(10):
        folder = tmp_path / ("walk", "run")[row % 2]
        folder.mkdir(exist_ok=True)
        time = pd.date_range("2024-01-01", periods=30, freq="s")
        pd.DataFrame({"time": time, "x": RNG.normal(size=30), "y": RNG.normal(size=30)}).to_csv(folder / f"{row}.csv", index=False)
    (tmp_path / "walk" / "odd.csv").write_text("time,other\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n")
    assert recognise(tmp_path).kind == "series"
    data = series(tmp_path)
    assert len(data) == 10
    assert sorted(data.facts.classes) == ["run", "walk"]
    assert [each.what for each in data.facts.skipped] == ["walk/odd.csv"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no series"):
        series(tmp_path / "empty")
