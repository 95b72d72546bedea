"""FASTA: named DNA, RNA or protein sequences, each a header line that begins with ">" and lines of letters below it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from selflearn.data.dataset import Skipped
from selflearn.data.texts.found import Found, open_text
from selflearn.errors import DataError

ENDINGS = {".fasta", ".fa", ".faa", ".fna", ".ffn", ".frn", ".fas"}


def read_fasta(path: Path, encoding: str = "utf-8") -> Found:
    """The sequences of a file, named by the first word of their headers; those without letters are skipped.

    Raises
    ------
    DataError : the file has no header, or letters stand before the first one.
    """
    names, parts = list[str](), list[list[str]]()
    for number, each in enumerate(open_text(path, encoding).splitlines(), start=1):
        line = each.strip()
        if line.startswith(">"):
            names.append((line[1:].split() or [f"sequence {len(names) + 1}"])[0])
            parts.append([])
        elif line and not line.startswith(";"):  # lines that begin with ; are comments of old
            if not parts:
                raise DataError(f"{path}, line {number} is no FASTA: a header line that begins with > must come before letters")
            parts[-1].append("".join(line.split()))
    if not names:
        raise DataError(f"{path} is no FASTA: no line begins with >")
    texts = ["".join(each) for each in parts]
    found = Found(texts, _distinct(names), str(path))
    empty = [row for row, text in enumerate(texts) if not text]
    found.skipped = [Skipped(found.ids[row], "the sequence has no letters") for row in empty]
    return found.take([row for row, text in enumerate(texts) if text]) if empty else found


def _distinct(names: list[str]) -> list[str]:
    """Names that occur twice get their place among all, so that each tells one sequence."""
    count = Counter(names)
    return [name if count[name] == 1 else f"{name} ({place})" for place, name in enumerate(names, start=1)]
