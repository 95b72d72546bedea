"""Which folders are classes, which are seen through, and what a stray file costs: its own label."""

from __future__ import annotations

import re

import pytest

from selflearn.data.folders import folder_classes


def placed(folders):
    """Paths of so many files in each folder."""
    return [f"{folder}/{number}.png".lstrip("/") for folder, many in folders.items() for number in range(many)]


@pytest.mark.parametrize(
    "parts", [("train", "val"), ("training", "testing", "validation"), ("Train", "Test"), ("images/train", "images/valid")]
)
def test_parts_above_class_folders_are_seen_through(parts):
    found = folder_classes(placed({f"{part}/{name}": 3 for part in parts for name in ("cat", "dog")}))
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1] * len(parts)
    assert len(found.notes) == 1
    assert all(part.split("/")[-1] in found.notes[0] for part in parts)


def test_a_class_may_be_in_one_part_only():
    found = folder_classes(placed({"train/cat": 5, "val/dog": 2}))
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0] * 5 + [1] * 2


def test_one_folder_around_everything_is_seen_through():
    assert folder_classes(placed({"pets/cat": 3, "pets/dog": 3})).classes == ["cat", "dog"]
    assert folder_classes(placed({"pets/train/cat": 3, "pets/train/dog": 3})).classes == ["cat", "dog"]


@pytest.mark.parametrize("stray", ["", "cat/deeper", "new/deeper"])
def test_a_stray_file_loses_its_own_label_only(stray):
    paths = placed({"cat": 3, "dog": 3, stray: 1})
    found = folder_classes(paths)
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert found.notes == [f"one of the pictures lies outside the class folders, such as {paths[-1]}: unlabelled"]


def test_stray_files_are_counted_and_a_few_only():
    found = folder_classes(placed({"cat": 50, "dog": 50, "": 9}), "recordings")
    assert found.notes == ["9 recordings lie outside the class folders, such as 0.png: unlabelled"]
    assert (found.labels == -1).sum() == 9
    many = folder_classes(placed({"cat": 50, "dog": 50, "": 20}))
    assert set(many.labels) == {-1}
    assert "several depths" in many.notes[0]


def test_what_says_that_it_is_unlabelled_is():
    found = folder_classes(placed({"train/cat": 2, "train/dog": 2, "unlabelled": 40, "test/cat": 1}))
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0, 0, 1, 1] + [-1] * 40 + [0]
    assert folder_classes(placed({"cat": 2, "dog": 2, "unlabeled": 2})).classes == ["cat", "dog"]
    assert "no labels" in folder_classes(placed({"unlabelled": 4})).notes[0]


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ({"train": 4, "test": 4}, "test, train name parts of a data set"),
        ({"train/images": 4, "val/images": 4}, "name parts of a data set"),
        ({"a": 4, "b/c": 4}, "several depths"),
        ({"": 8, "b": 1}, "several depths"),
        ({"only": 4}, r"one folder \(only\) is no choice"),
        ({"train/only": 4, "test/only": 4}, r"one folder \(only\) is no choice"),
        ({"a/b": 4, "c/d": 4}, r"2 folders deep \(a/b\)"),
    ],
)
def test_what_is_no_class_is_told(folders, words):
    found = folder_classes(placed(folders))
    assert set(found.labels) == {-1}
    assert found.classes == []
    assert len(found.notes) == 1
    assert re.search(words, found.notes[0])


def test_a_flat_folder_needs_no_word():
    assert folder_classes(["a.png", "b.png"]).notes == []
