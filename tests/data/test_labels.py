from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn.data import Facts
from selflearn.data.labels import attach, encode, number_groups, take
from selflearn.errors import DataError


def unlabelled(*ids: str) -> Facts:
    return Facts(list(ids), np.full(len(ids), -1, dtype=np.int64))


def test_text_is_ordered_by_alphabet_and_numbers_by_size() -> None:
    numbers, classes = encode(["dog", "cat", "dog"])
    assert (numbers.tolist(), classes) == ([1, 0, 1], ["cat", "dog"])
    numbers, classes = encode(["10", "9", "10"])
    assert (numbers.tolist(), classes) == ([1, 0, 1], ["9", "10"])


def test_missing_labels_are_minus_one_in_every_spelling() -> None:
    numbers, classes = encode(["a", "", None, float("nan"), "NaN", -1, "-1", " a "])
    assert (numbers.tolist(), classes) == ([0, -1, -1, -1, -1, -1, -1, 0], ["a"])
    assert encode(np.array([2.0, np.nan, 7.0, -1.0]))[0].tolist() == [0, -1, 1, -1]


def test_names_of_the_source_keep_its_numbers() -> None:
    assert encode([2, 0, -1], ["x", "y", "z"])[1] == ["x", "y", "z"]
    assert encode([2, 0, -1], ["x", "y", "z"])[0].tolist() == [2, 0, -1]


@pytest.mark.parametrize("values", [[0.5, 1.0], ["1.25", "3"], np.linspace(0, 1, 5)])
def test_targets_of_regression_are_refused(values: list[float]) -> None:
    with pytest.raises(DataError, match="regression"):
        encode(values)


def test_a_file_of_labels_finds_samples_by_path_name_and_stem(tmp_path: Path) -> None:
    facts = unlabelled("a/1.png", "a/2.png", "b/3.png", "b/4.png")
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label\na/1.png,x\n2.png,y\n{tmp_path}/b/3.png,x\n4,y\n")
    labelled = attach(facts, table, root=tmp_path)
    assert labelled.labels.tolist() == [0, 1, 0, 1]
    assert labelled.classes == ["x", "y"]


def test_a_file_name_in_another_folder_is_not_the_same_file() -> None:
    labelled = attach(unlabelled("a/1.png", "a/2.png"), {"b/1.png": "x", "a/2.png": "y"})
    assert labelled.labels.tolist() == [-1, 0]
    assert [item.what for item in labelled.skipped] == ["b/1.png"]


def test_a_file_name_that_several_samples_have_names_none() -> None:
    labelled = attach(unlabelled("a/1.png", "b/1.png", "2.png"), {"1.png": "x", "2.png": "y"})
    assert labelled.labels.tolist() == [-1, -1, 0]


def test_labels_of_files_that_do_not_exist_are_counted_and_none_at_all_is_an_error(tmp_path: Path) -> None:
    facts = unlabelled("1.png", "2.png")
    labelled = attach(facts, {"1.png": "x", "gone.png": "y", "lost.png": "y"})
    assert labelled.labels.tolist() == [0, -1]
    assert [item.what for item in labelled.skipped] == ["gone.png", "lost.png"]
    with pytest.raises(DataError, match="none of the 1 ids.*'gone.png'.*'1.png'"):
        attach(facts, {"gone.png": "y"})


def test_two_labels_for_one_sample_are_an_error_that_names_it(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file;class\n1.png;x\n1.png;y\n")
    with pytest.raises(DataError, match=r"1\.png two labels, 'x' and 'y'"):
        attach(unlabelled("1.png"), table)
    with pytest.raises(DataError, match=r"a/1\.png two values"):
        attach(unlabelled("a/1.png"), {"a/1.png": "x", "1.png": "y"})
    table.write_text("file;class\n1.png;x\n1.png;x\n")
    assert attach(unlabelled("1.png"), table).labels.tolist() == [0]


def test_a_file_may_hold_groups_too(tmp_path: Path) -> None:
    table = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"id": ["1", "2", "3"], "label": [3, 3, None], "patient": ["p", "q", "p"]}), table)
    facts = attach(unlabelled("1", "2", "3"), table)
    assert facts.labels.tolist() == [0, 0, -1]
    assert facts.groups is not None
    assert facts.groups[0] == facts.groups[2] != facts.groups[1]


def test_unknown_groups_are_groups_of_their_own() -> None:
    groups = number_groups(["a", None, "a", "", float("nan")])
    assert groups[0] == groups[2]
    assert len(set(groups)) == 4


def test_an_array_must_have_one_label_a_sample() -> None:
    assert attach(unlabelled("1", "2"), np.array([5, -1])).labels.tolist() == [0, -1]
    with pytest.raises(DataError, match="3 labels were given for 2 samples"):
        attach(unlabelled("1", "2"), [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("path,label\n", "no rows"),
        ("path,label\na.png\n", "row 2"),
        ("here,there\n1,2\n", "needs a column of ids"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        attach(unlabelled("a.png"), table)


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="Parquet"):
        attach(unlabelled("a"), tmp_path / "labels.parquet")
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(DataError, match="no readable table"):
        attach(unlabelled("a"), tmp_path / "labels.csv")
    with pytest.raises(DataError, match="no file 'nowhere.csv'"):
        attach(unlabelled("a"), "nowhere.csv")


def test_a_class_with_one_member_is_told() -> None:
    facts = Facts(["1", "2", "3"], np.array([0, 0, 1]), ["many", "single"])
    assert any("single" in note for note in take(facts, np.arange(3)).notes)
    assert not take(facts, np.arange(2)).notes
