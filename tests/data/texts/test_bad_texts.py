"""Bad texts: one clear message before any work, or a counted warning."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from selflearn.data import read, recognise
from selflearn.errors import DataError

GOOD = [f"this is text number {number} of a few" for number in range(12)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", "", r"\(0 bytes\) is not of a known kind"),
        ("blank.txt", "\n \n\t\n", "of a known kind"),
        ("empty.jsonl", "", "known kind"),
        ("broken.jsonl", "{'not': json}\n" * 9, "known kind"),
        ("zeros.txt", b"abc\0\0\0def", "known kind"),
        ("one.txt", "only one line of text here\n", "found 1 sample"),
        ("letter.txt", "a", "found 1 sample"),
        ("alike.txt", "the same line again\n" * 20, "identical"),
        ("cut.jsonl.gz", gzip.compress(b'{"text": "a b c d"}\n' * 999, mtime=0)[:40], "known kind"),
    ],
)
def test_files_that_nothing_can_be_learned_from(name, content, said, tmp_path):
    with pytest.raises(DataError, match=said):
        read(write(tmp_path / name, content))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", "", "each of its 0 samples is empty|no text"),
        ("empty.jsonl", "", "holds no rows"),
        ("broken.jsonl", "{'not': json}\n" * 9, "line 1: it is no JSON"),
        ("zeros.txt", b"abc\0\0\0def", "zero bytes"),
        ("cut.jsonl.gz", gzip.compress(b'{"text": "a b c d"}\n' * 999, mtime=0)[:40], "damaged or no whole gzip"),
        ("ragged.csv", "text,label\nonly\n", "no rows that fit"),
        ("cut.parquet", b"PAR1 and no more", "no readable parquet"),
        ("numbers.csv", "a,b\n" + "1,2\n" * 9, "no column of texts; its columns are a, b"),
    ],
)
def test_a_person_who_says_that_it_is_text_is_told_what_is_wrong(name, content, said, tmp_path):
    with pytest.raises(DataError, match=said):
        read(write(tmp_path / name, content), kind="text")


def test_another_encoding_is_named_with_its_line_and_the_flag(tmp_path):
    file = write(tmp_path / "latin.txt", "\n".join([*GOOD, "caf\xe9 au lait s'il vous plait"]).encode("latin-1"))
    with pytest.raises(DataError, match=r"line 13 is not utf-8 \(byte 0xe9\).*encoding=latin-1"):
        read(file)
    assert "caf\xe9" in read(file, more={"encoding": "latin-1"}).texts[-1]
    with pytest.raises(DataError, match="no encoding 'latn'"):
        read(file, more={"encoding": "latn"})
    assert read(write(tmp_path / "wide.txt", "\n".join(GOOD).encode("utf-16"))).texts == GOOD
    assert read(write(tmp_path / "marked.txt", "\n".join(GOOD).encode("utf-8-sig"))).texts == GOOD


def test_broken_lines_among_good_ones_are_skipped_and_counted(tmp_path):
    lines = [json.dumps({"text": text}) for text in GOOD]
    data = read(write(tmp_path / "texts.jsonl", "\n".join([*lines[:5], '{"text": "cut', "[1, 2]", *lines[5:], '{"text": null}'])))
    assert data.texts == GOOD
    assert [each.what for each in data.facts.skipped] == ["line 6", "line 7", "12"]
    table = "\n".join(["text,label", *[f"{text},{number % 2}" for number, text in enumerate(GOOD)], "one,two,three"])
    data = read(write(tmp_path / "texts.csv", table))
    assert [(each.what, each.why) for each in data.facts.skipped] == [("row 14", "it has 3 values, and 2 columns are named")]


def test_files_that_cannot_be_read_are_skipped_in_a_folder(tmp_path):
    for number, text in enumerate(GOOD):
        write(tmp_path / f"{number:02}.txt", text)
    write(tmp_path / "bad.txt", b"\xff\x00\x01 no text")
    write(tmp_path / "empty.txt", "")
    data = read(tmp_path)
    assert data.texts == GOOD
    skipped = {each.what: each.why for each in data.facts.skipped}
    assert set(skipped) == {"bad.txt", "empty.txt"}
    assert "zero bytes" in skipped["bad.txt"]
    for file in tmp_path.iterdir():
        file.write_bytes(b"\0")
    with pytest.raises(DataError, match="none of the 14 text files"):
        read(tmp_path)


def test_texts_of_one_character_are_read_and_counted():
    data = read([*GOOD, "a", "?"])
    assert int(data.batch([12]).lengths[0]) == 1
    assert any("2 texts are a single character" in note for note in data.facts.notes)
    letters = read(list("abcdefghij"), kind="text")
    assert len(letters) == 10


def test_a_column_of_gaps_and_one_of_numbers_are_no_texts():
    frame = pd.DataFrame({"number": np.arange(12.0), "gaps": [np.nan] * 12})
    with pytest.raises(DataError, match="no column of texts"):
        read(frame, kind="text")
    frame["remark"] = [*GOOD[:6], *[np.nan] * 6]
    data = read(frame, kind="text", like=read(GOOD).spec)
    assert len(data) == 6
    assert len(data.facts.skipped) == 6


def test_other_things_are_not_taken_for_texts(tmp_path):
    for source in ([1, 2, 3], np.zeros((9, 3)), pd.DataFrame({"a": [1, 2], "b": [3, 4]}), {"a": 1}, None):
        with contextlib.suppress(DataError):
            assert recognise(source).kind != "text"
    with pytest.raises(DataError, match="texts are strings.*int"):
        read(5, kind="text")
    with pytest.raises(DataError, match="no text files"):
        read(tmp_path, kind="text")
    numbers = write(tmp_path / "numbers.txt", "1 2 3\n4 5 6\n" * 20)
    with pytest.raises(DataError):
        recognise(numbers)


def test_mixed_kinds_in_one_folder_are_told(tmp_path):
    for number, text in enumerate(GOOD):
        write(tmp_path / f"{number:02}.txt", text)
        write(tmp_path / f"{number:02}.pdf", b"%PDF-1.4")
    found = recognise(tmp_path)
    assert found.kind == "text"
    assert found.certainty < 0.6
    assert any("12 other files are not read: 12 .pdf" in note for note in read(tmp_path).facts.notes)


def test_odd_letters_do_no_harm():
    odd = [
        "\ud800 lone surrogate here",
        "right\u200fto left",
        "emoji \U0001f600 here too",
        "tab\tand\x0bcontrol \x07 bell",
        "e\u0301 combined",
    ]
    data = read([*GOOD, *odd])
    assert len(data) == len(GOOD) + len(odd)
    assert any("1 texts hold halves of letters" in note for note in data.facts.notes)
    data.facts.notes[-1].encode()
    for row in range(12, 17):
        data.picture(row)
        assert data.words(row)
    long = read([*GOOD, "x" * 100_000])
    assert int(long.batch([12]).lengths[0]) <= long.spec.longest
