"""Symbol languages: DNA, proteins, molecules (SMILES) and formulas, known by their alphabets and cut into their letters."""

from __future__ import annotations

import re
from collections.abc import Sequence

DNA, PROTEIN, SMILES, FORMULA = "DNA", "protein", "SMILES", "formula"

_ELEMENTS = """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr
    Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg
    Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm
"""
_ELEMENT = "|".join(sorted(_ELEMENTS.split(), key=len, reverse=True))
_NUMBER = r"\d+(?:\.\d+)?"

_WHOLE = {
    DNA: re.compile(r"[ACGTUNacgtun]{8,}"),
    PROTEIN: re.compile(r"[ACDEFGHIKLMNPQRSTVWYBXZUO*\-]{15,}"),
    FORMULA: re.compile(rf"(?:(?:{_ELEMENT}|[()\[\]])(?:{_NUMBER})?){{2,}}"),
    SMILES: re.compile(r"(?=.*[A-Za-z])(?:\[[^\[\]\s]{1,20}\]|Br|Cl|[BCNOPSFIbcnops]|[()=#$:/\\.\-+~*]|%\d\d|\d)+"),
}
_LETTERS = {
    SMILES: re.compile(r"\[[^\[\]]*\]|Br|Cl|%\d\d|."),
    FORMULA: re.compile(rf"{_ELEMENT}|{_NUMBER}|."),
}
_TYPICAL = {FORMULA: 3.0, SMILES: 5.0}  # shorter strings on average could be names of anything
_SHARE = 0.95  # of strings that must be of the language: measured files hold a few errors


UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts without spaces between words (Thai, Lao, Burmese, Khmer, kana, ideographs), as a class of letters."""
_LETTER_OF_UNSPACED = re.compile(f"[{UNSPACED}]")


def count_words(text: str) -> int:
    """How many words a text has: those between spaces, and one for every two letters of a script that has none.

    >>> count_words("the cat sat"), count_words("\u6211\u4eca\u5929\u53bb\u5b66\u6821")
    (3, 4)
    """
    return len(text.split()) + len(_LETTER_OF_UNSPACED.findall(text)) // 2


def is_unspaced(texts: Sequence[str]) -> bool:
    """Whether texts are mostly in a script without spaces between words."""
    letters = sum(map(len, texts))
    return letters > 0 and sum(len(_LETTER_OF_UNSPACED.findall(each)) for each in texts) > 0.5 * letters


def language(strings: Sequence[str]) -> str | None:
    """The symbol language that (nearly) all of some strings are of; None for running text and short codes.

    >>> language(["ACGTACGTTA", "GGGTTTACCA"]), language(["CC(=O)Oc1ccccc1C(=O)O", "c1ccccc1O"]), language(["Fe2O3", "NaCl"])
    ('DNA', 'SMILES', 'formula')
    """
    strings = [each.strip() for each in strings if each.strip()]
    if not strings or any(" " in each for each in strings[:20]):
        return None
    average = sum(map(len, strings)) / len(strings)
    for name, whole in _WHOLE.items():
        matching = sum(whole.fullmatch(each) is not None for each in strings)
        if matching >= _SHARE * len(strings) and average >= _TYPICAL.get(name, 8.0):
            return name
    return None


def letters(string: str, language: str) -> list[str]:
    """The letters of one string: bases, residues, atoms and bonds, elements and numbers; characters where the language has none.

    >>> letters("BrCC[C@H]1O", "SMILES"), letters("Fe2O3.5", "formula")
    (['Br', 'C', 'C', '[C@H]', '1', 'O'], ['Fe', '2', 'O', '3.5'])
    """
    pattern = _LETTERS.get(language)
    return list(string) if pattern is None else pattern.findall(string)
