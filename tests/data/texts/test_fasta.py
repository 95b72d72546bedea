"""FASTA: sequences keep their names, and what is no FASTA is refused with the line."""

import gzip

import numpy as np
import pytest

from selflearn.data import read, recognise
from selflearn.data.texts.fasta import read_fasta
from selflearn.errors import DataError

SEQUENCES = {f"s{number}": "ACGT" * 3 + "ACGT"[number % 4] * (4 + number) for number in range(12)}
TEXT = "".join(f">{name} made for a test\n{letters[:7]}\n{letters[7:]}\n\n" for name, letters in SEQUENCES.items())


def test_sequences_over_several_lines_are_read_by_the_first_word_of_their_headers(tmp_path):
    packed = tmp_path / "some.fa.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert recognise(packed).kind == "text"
    found = read(packed)
    assert found.facts.ids == list(SEQUENCES)
    assert found.texts == list(SEQUENCES.values())
    assert any("DNA" in note for note in found.facts.notes)


def test_a_folder_a_class_gives_labels_though_names_hold_slashes(tmp_path):
    for family in ("first", "second"):
        (tmp_path / family).mkdir()
        lines = [f">{family}/{number}-9\n{letters}" for number, letters in enumerate(SEQUENCES.values())]
        (tmp_path / family / "all.fasta").write_text("\n".join(lines))
    found = read(tmp_path)
    assert found.facts.classes == ["first", "second"]
    assert found.labels.tolist() == [0] * 12 + [1] * 12
    assert found.facts.ids[0] == "first/all.fasta:first/0-9"


def test_long_sequences_are_cut_into_pieces_of_one_group(tmp_path):
    file = tmp_path / "genome.fna"
    file.write_text("".join(f">c{number}\n{'ACGTTGCA' * (50 + number)}\n" for number in range(8)))
    found = read(file, more={"piece": 100})
    assert len(found) > 30
    assert len(set(found.facts.groups.tolist())) == 8


@pytest.mark.parametrize(("text", "said"), [("ACGT\n>a\nACGT", "line 1 is no FASTA"), ("", "no line begins with >")])
def test_what_is_no_fasta_is_refused(text, said, tmp_path):
    file = tmp_path / "bad.fasta"
    file.write_text(text)
    with pytest.raises(DataError, match=said):
        read(file)


def test_empty_sequences_are_skipped_and_names_that_occur_twice_get_their_place(tmp_path):
    file = tmp_path / "two.fasta"
    file.write_text(">a\nACGT\n>b\n>a\nTTTT\n;a comment\n")
    found = read_fasta(file)
    assert found.ids == ["a (1)", "a (3)"]
    assert [each.what for each in found.skipped] == ["b"]


def test_labels_of_sequences_are_those_of_their_pieces(tmp_path):
    """Sequences are longer than a piece, so that no piece has a name that stands in the file of labels."""
    draw = np.random.default_rng(0)
    names = [f"seq{number}" for number in range(9)]
    (tmp_path / "a.fa").write_text("".join(f">{name}\n{''.join(draw.choice(list('ACGT'), 500))}\n" for name in names))
    told = "".join(f"{name},{'ab'[number % 2]},{number % 3}\n" for number, name in enumerate(names))
    (tmp_path / "labels.csv").write_text(f"id,label,group\n{told}")
    data = read(tmp_path / "a.fa", labels=tmp_path / "labels.csv")
    assert len(data) == 27
    assert [data.facts.classes[each] for each in data.labels] == ["ab"[number % 2] for number in range(9) for _ in range(3)]
    assert data.facts.groups.tolist() == [number % 3 for number in range(9) for _ in range(3)]
    assert data.facts.skipped == []
    with pytest.raises(DataError, match="no file 'species' to read labels from"):
        read(tmp_path / "a.fa", labels="species")
