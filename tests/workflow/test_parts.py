"""Parts of many files: whole batches in order, named by what goes into them; and what is no kind of files is refused."""

from __future__ import annotations

import os

import pytest

from selflearn.data.files import files_below
from selflearn.errors import DataError
from selflearn.workflow.parts import FILES, PARTS, cut, embed_in_parts


@pytest.fixture
def files(tmp_path):
    names = [f"{number:03}.png" for number in range(20)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path, names


def test_parts_are_whole_batches_in_order(files):
    root, names = files
    parts = list(cut(root, names, 8, "settings"))
    assert [len(part.files) for part in parts] == [8, 8, 4]
    assert [name for part in parts for name in part.files] == names
    assert sorted(part.name for part in parts) == [part.name for part in parts]


def test_many_files_make_large_parts(tmp_path):
    names = [f"{number}.png" for number in range(PARTS * 1000)]
    assert {len(part.files) for part in cut(tmp_path, names, 256, "")} == {768, len(names) % 768}
    more = [f"{number}.png" for number in range(PARTS * FILES * 2)]
    assert len(next(cut(tmp_path, more, 256, "")).files) == FILES


def test_a_name_changes_with_files_and_settings_and_with_nothing_else(files):
    root, names = files
    first = [part.name for part in cut(root, names, 8, "one")]
    assert [part.name for part in cut(root, names, 8, "one")] == first
    assert not set(first) & {part.name for part in cut(root, names, 8, "other")}
    (root / "009.png").write_bytes(b"another")
    os.utime(root / "009.png", ns=(1, 1))
    again = [part.name for part in cut(root, names, 8, "one")]
    assert [one == other for one, other in zip(first, again, strict=True)] == [True, False, True]


def test_files_are_those_that_reading_takes(files):
    root, names = files
    (root / "notes.txt").write_text("no picture")
    found = files_below(root, "image")
    assert found.files == names
    assert found.others == 1


@pytest.mark.parametrize(("kind", "said"), [("table", "one file a sample"), ("sound", "no sound files")])
def test_what_does_not_lie_in_files_is_refused(files, kind, said):
    with pytest.raises(DataError, match=said):
        files_below(files[0], kind)
    with pytest.raises(DataError, match=r"is no folder|one file a sample"):
        files_below(files[0] / "000.png", kind)


def test_a_bucket_is_no_folder_that_a_cluster_shares():
    with pytest.raises(DataError, match="not s3://bucket/photos/: leave --ray out"):
        embed_in_parts(None, "s3://bucket/photos/", "out")
