"""Texts from wherever they lie: what is one sample, which column holds it, and what is said of the choice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from selflearn.data import read, recognise, spec_from_json, spec_to_json
from selflearn.errors import DataError

QUESTIONS = [f"{word} {verb} the {thing} of {place} ?" for word, verb in (("who", "wrote"), ("where", "lies"), ("when", "fell"))
             for thing in ("book", "wall", "crown") for place in ("Troy", "Rome")]  # fmt: skip
LABELS = [text.split()[0] for text in QUESTIONS]


def rows() -> list[dict[str, object]]:
    return [{"text": text, "label": label, "split": "test" if number % 3 == 0 else "train"}
            for number, (text, label) in enumerate(zip(QUESTIONS, LABELS, strict=True))]  # fmt: skip


def jsonl(path: Path) -> Path:
    path.write_text("\n".join(map(json.dumps, rows())) + "\n")
    return path


def packed(path: Path) -> Path:
    with gzip.open(path, "wt") as file:
        file.write("\n".join(map(json.dumps, rows())))
    return path


def table(path: Path) -> Path:
    frame = pd.DataFrame(rows())
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


SOURCES = {
    "texts.jsonl": jsonl,
    "texts.jsonl.gz": packed,
    "texts.csv": table,
    "texts.parquet": table,
    "texts.json": lambda path: path.write_text(json.dumps(rows())) and path,
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_rows_are_the_same_data_in_every_form(name, tmp_path):
    source = SOURCES[name](tmp_path / name)
    assert recognise(source).kind == "text"
    data = read(source)
    assert data.texts == QUESTIONS
    assert [data.facts.classes[each] for each in data.labels] == LABELS
    assert data.fingerprint == read(pd.DataFrame(rows()), kind="text").fingerprint
    said = " | ".join(data.facts.notes)
    for word in ("column 'text'", "column 'label'", "all parts of the column 'split'"):
        assert word in said


def test_facts_beside_the_texts_do_not_hide_them(tmp_path):
    """JSON lines as they are collected: an id, the text, and whatever else was known."""
    frame = pd.DataFrame(rows()).assign(lang="en", author=[f"a{n % 4}" for n in range(len(QUESTIONS))], year=2020, likes=3)
    lines, table = tmp_path / "corpus.jsonl", tmp_path / "corpus.csv"
    frame.to_json(lines, orient="records", lines=True)
    frame.to_csv(table, index=False)
    for source in (lines, table):
        assert recognise(source).kind == "text"
        assert read(source).texts == QUESTIONS


def test_remarks_in_a_table_of_measures_leave_it_a_table_and_it_is_told(tmp_path):
    frame = pd.DataFrame(rows()).rename(columns={"text": "remarks"}).drop(columns="split")
    source = tmp_path / "measures.csv"
    frame.assign(**{f"measure {n}": np.arange(len(frame)) * n for n in range(4)}).to_csv(source, index=False)
    found = recognise(source)
    assert found.kind == "table"
    assert "text (its column 'remarks' holds texts of" in found.say()
    frame.assign(a=1, b=2, c=3).to_json(tmp_path / "measures.jsonl", orient="records", lines=True)
    assert recognise(tmp_path / "measures.jsonl").kind == "text"  # no other kind reads JSON


def test_a_part_and_a_column_can_be_chosen_and_misspelt_ones_are_told(tmp_path):
    source = jsonl(tmp_path / "texts.jsonl")
    assert read(source, more={"part": "test"}, like=read(source).spec).texts == QUESTIONS[::3]
    with pytest.raises(DataError, match="did you mean 'train'"):
        read(source, more={"part": "trian"})
    with pytest.raises(DataError, match="did you mean 'text'"):
        read(source, more={"column": "txt"})
    with pytest.raises(DataError, match="did you mean 'longest'"):
        read(source, more={"longst": 5})
    with pytest.raises(DataError, match="vocabulary"):
        read(source, more={"vocabulary": 3})


def test_a_series_or_a_list_of_strings_with_gaps():
    texts: list[str | None] = [*QUESTIONS, None, "  "]
    for source in (texts, pd.Series([*QUESTIONS, np.nan, " "])):
        data = read(source)
        assert data.texts == QUESTIONS
        assert [(each.what, each.why) for each in data.facts.skipped] == [("18", "it is empty"), ("19", "it is empty")]


def test_lines_paragraphs_and_the_whole_file(tmp_path):
    verse = "\n\n".join(f"{text}\nand so on\nto the end" for text in QUESTIONS)
    prose = tmp_path / "prose.txt"
    prose.write_text(verse)
    assert recognise(prose).kind == "text"
    data = read(prose)
    assert len(data) == len(QUESTIONS)
    assert data.facts.ids[:2] == ["paragraph 1", "paragraph 2"]
    assert "each paragraph is a text" in data.facts.notes[0]
    assert len(read(prose, more={"unit": "line"})) == 3 * len(QUESTIONS)
    whole = read(prose, more={"unit": "file"}, like=data.spec)
    assert len(whole) == 1


def test_a_folder_a_class_gives_labels_and_long_documents_are_cut_but_stay_together(tmp_path):
    for kind in ("sea", "land"):
        (tmp_path / kind).mkdir()
        for number in range(5):
            (tmp_path / kind / f"{number}.txt").write_text(f"{kind} {number} " + "the wind blew on and on " * 60)
    (tmp_path / "sea" / "photo.jpg").write_bytes(b"\xff\xd8")
    data = read(tmp_path)
    assert data.facts.classes == ["land", "sea"]
    pieces = -(-362 // 200)
    assert len(data) == 10 * pieces
    assert data.facts.ids[:2] == ["land/0.txt#1", "land/0.txt#2"]
    groups = data.facts.groups
    assert groups is not None
    assert np.bincount(groups).tolist() == [pieces] * 10
    said = " | ".join(data.facts.notes)
    assert "1 other files are not read: 1 .jpg" in said
    assert "cut into pieces" in said
    assert len(read(tmp_path, more={"piece": 0})) == 10


def test_the_spec_travels_as_json_and_other_texts_are_read_as_the_first_were():
    data = read(QUESTIONS)
    assert spec_from_json(json.loads(json.dumps(spec_to_json(data.spec)))) == data.spec
    other = read(["Who built the Zeppelin of Rome ?"], like=data.spec)
    assert other.spec == data.spec
    told = " | ".join(other.facts.notes)
    assert "not in the encoder's vocabulary" in told
    again = read(["who wrote the book of troy ?"], like=data.spec, more={"vocabulary": 99})
    assert again.batch([0]).values.tolist() == data.batch([0]).values.tolist()
    assert "cannot be chosen here" in " | ".join(again.facts.notes)
    with pytest.raises(DataError, match="another language or alphabet"):
        read(["\u4f60\u597d \u4e16\u754c", "\u0436\u0448\u0449"], kind="text", like=data.spec)


def test_longer_texts_are_cut_and_it_is_said():
    data = read(QUESTIONS, more={"longest": 4})
    assert int(data.batch(range(len(data))).lengths.max()) == 4
    assert data.spec.form == "short"
    assert read([f"{text} " * 12 for text in QUESTIONS]).spec.form == "long"
    assert any("longer than 4 tokens" in note for note in data.facts.notes)


def test_a_batch_is_padded_to_its_own_longest():
    data = read([*QUESTIONS, "short one here"])
    batch = data.batch([0, len(QUESTIONS)])
    assert batch.values.shape == (2, 7)
    assert batch.mask.sum(1).tolist() == batch.lengths.tolist() == [7, 3]
    assert (batch.values[~batch.mask] == data.spec.padding).all()
    assert data.batch([len(QUESTIONS)]).values.shape == (1, 3)


def test_the_dull_baseline_is_tfidf_of_which_each_half_has_unit_length():
    data = read(QUESTIONS)
    raw = data.raw(np.arange(len(data)))
    assert raw.shape == (18, 4096)
    assert np.linalg.norm(raw[:, :2048], axis=1) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(raw[:, 2048:], axis=1) == pytest.approx(1, abs=1e-5)
    near = raw @ raw.T
    assert near[0, 1] > near[0, 9]  # "who wrote the book of Rome ?" is nearer than "where lies the wall of Rome ?"


def test_ids_labels_and_groups_of_a_table(tmp_path):
    frame = pd.DataFrame(
        {"id": [f"q{n}" for n in range(18)], "question": QUESTIONS, "topic": LABELS, "author": [n // 3 for n in range(18)]}
    )
    data = read(frame, kind="text", labels="topic", groups="author")
    assert data.facts.ids[17] == "q17"
    assert data.facts.classes == sorted(set(LABELS))
    assert data.facts.groups is not None
    assert len(set(data.facts.groups.tolist())) == 6
    unnamed = read(pd.DataFrame({"text": QUESTIONS, "topic": [n % 2 for n in range(18)]}))
    assert (unnamed.labels == -1).all()
    assert any("--labels topic takes them as labels" in note for note in unnamed.facts.notes)
    real = read(pd.DataFrame({"text": QUESTIONS, "label": np.linspace(0.1, 0.9, 18)}))
    assert (real.labels == -1).all()
    assert any("real numbers, which are no classes" in note for note in real.facts.notes)
