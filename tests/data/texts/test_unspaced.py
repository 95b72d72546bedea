"""Scripts that put no spaces between words: their letters are what a text is made of."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from selflearn.data import read, recognise
from selflearn.data.texts.symbols import count_words

CHINESE = "\u6211\u4f60\u4ed6\u662f\u7684\u5728\u6709\u4eba\u8fd9\u4e2d\u5927\u6765\u4e0a\u56fd"
THAI = "\u0e01\u0e02\u0e04\u0e07\u0e08\u0e09\u0e0a\u0e0b\u0e14\u0e15"


def lines(letters: str, count: int = 30, length: int = 20) -> list[str]:
    draw = random.Random(0)
    return ["".join(draw.choices(letters, k=length)) for _ in range(count)]


@pytest.mark.parametrize("letters", [CHINESE, THAI])
def test_every_letter_is_a_token_and_not_every_sentence(letters: str, tmp_path: Path) -> None:
    texts = lines(letters)
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": each, "year": 2020, "by": "x", "at": "y"}) for each in texts))
    found = recognise(tmp_path / "a.jsonl")
    assert (found.kind, "texts of 11 words" in found.why) == ("text", True)
    data = read(tmp_path / "a.jsonl")
    assert data.batch([0]).lengths.tolist() == [20]
    assert data.spec.longest == 20
    assert set(letters) <= set(data.spec.tokenizer.vocabulary)


def test_words_among_such_letters_stay_whole() -> None:
    data = read([f"BERT {each} 2018 ab" for each in lines(CHINESE)])
    numbers = data.batch([0]).values[0].tolist()
    known = data.spec.tokenizer.vocabulary
    assert known[numbers[0]] == "bert"
    assert known[numbers[-2]] == "2018"
    assert len(numbers) == 23


def test_long_documents_are_cut_at_letters(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(lines(CHINESE, 1, 900)[0] + str(number))
    data = read(tmp_path)
    assert len(data) == 20
    assert any("longer than 200 letters" in note for note in data.facts.notes)


def test_a_book_in_one_line_is_cut(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(" ".join(f"word{number % 97}" for number in range(2000)))
    assert len(read(tmp_path / "book.txt")) == 10


def test_spaces_part_other_scripts() -> None:
    assert count_words("\u0437\u0434\u0435\u0441\u044c \u0442\u0440\u0438 \u0441\u043b\u043e\u0432\u0430") == 3
    assert count_words("AB-12") == 1
