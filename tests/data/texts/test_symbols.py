"""Symbol strings are known by their alphabets and cut into their letters; words and names are not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn.data import read, recognise
from selflearn.data.texts.symbols import language, letters

DNA = ["".join(np.random.default_rng(n).choice(list("ACGT"), 40)) for n in range(20)]
PROTEIN = ["M" + "".join(np.random.default_rng(n).choice(list("ACDEFGHIKLMNPQRSTVWY"), 50)) for n in range(20)]
SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "C[C@H](N)C(=O)O",
    "BrCCCl",
    "O=C(O)c1ccccc1",
    "CCO[Si](C)C",
    "c1ccncc1",
    "CCN(CC)CC",
]
FORMULAS = ["Fe2O3", "NaCl", "Ba0.5Sr0.5TiO3", "La2CuO4", "MgB2", "SiC", "GaAs", "Ca(OH)2"]


@pytest.mark.parametrize(("strings", "name"), [(DNA, "DNA"), (PROTEIN, "protein"), (SMILES, "SMILES"), (FORMULAS, "formula")])
def test_symbol_languages_are_recognised_told_and_read(strings, name):
    assert language(strings) == name
    assert name in recognise(strings).why
    data = read(strings)
    assert data.spec.tokenizer.how == data.spec.form == "symbols"
    assert f"{name} strings" in data.spec.describe()
    assert any(f"they look like {name} strings" in note for note in data.facts.notes)


@pytest.mark.parametrize("strings", [["Anna", "Bob", "Carl"], ["a good film", "a bad film"], ["yes", "no"], ["12", "13"], []])
def test_words_names_and_numbers_are_none(strings):
    assert language(strings) is None


def test_letters_are_atoms_and_numbers_and_nothing_is_lost():
    assert letters("C[C@@H](Br)Cl", "SMILES") == ["C", "[C@@H]", "(", "Br", ")", "Cl"]
    assert letters("Ba0.5TiO3", "formula") == ["Ba", "0.5", "Ti", "O", "3"]
    for strings, name in ((SMILES, "SMILES"), (FORMULAS, "formula"), (DNA, "DNA")):
        assert all("".join(letters(each, name)) == each for each in strings)


def test_one_wrong_string_in_a_hundred_changes_nothing():
    assert language([*DNA * 5, "unknown-sample"]) == "DNA"


def test_kmers_overlap():
    data = read(DNA, more={"tokenizer": "kmer", "k": 3})
    assert int(data.batch([0]).lengths[0]) == 40 - 3 + 1
    words = [data.spec.tokenizer.vocabulary[number] for number in data.batch([0]).values[0].tolist()]
    assert words == [DNA[0][start : start + 3] for start in range(38)]
