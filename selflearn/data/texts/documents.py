"""Text files: a sample a line, a paragraph or a file; longer documents are cut into pieces, and it is said."""

from __future__ import annotations

import os
import re
from pathlib import Path

from selflearn.data.dataset import Skipped
from selflearn.data.texts import fasta
from selflearn.data.texts.found import Found, inner_suffix, open_text
from selflearn.data.texts.options import TextReading
from selflearn.data.texts.symbols import is_unspaced, language
from selflearn.errors import DataError

PLAIN = {".txt", ".text", ".md"}
ENDINGS = PLAIN | fasta.ENDINGS
MOST_LOOKED_AT = 10_000
FEW = 8
_BLANK = re.compile(r"\n[ \t\r]*\n\s*")
_PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "unlabelled", "unlabeled", "texts", "txt"}
"""Folder names that name parts of a data set, not classes."""


def read_document(path: Path, reading: TextReading) -> Found:
    """The samples of one text file: sequences of FASTA; else lines, paragraphs or the whole, whatever it looks like it holds."""
    if inner_suffix(path) in fasta.ENDINGS:
        return _cut(fasta.read_fasta(path, reading.encoding), reading)
    text = open_text(path, reading.encoding)
    unit = reading.unit if reading.unit != "auto" else _unit(text)
    if unit == "file":
        return _cut(Found([text], [path.name], str(path)), reading)
    parts = text.splitlines() if unit == "line" else _BLANK.split(text)
    found = Found(list(parts), [f"{unit} {number}" for number in range(1, len(parts) + 1)], str(path))
    empty = [row for row, part in enumerate(parts) if not part.strip()]
    if empty:  # blank lines are the form of the file, and no missing texts
        found = found.take([row for row, part in enumerate(parts) if part.strip()])
    found.notes.append(f"each {unit} is a text; --read unit=... takes lines, paragraphs or the whole file instead")
    few = reading.unit == "auto" and len(found.texts) < FEW  # a book in one line is no single sample
    return found if unit == "line" and not few else _cut(found, reading)


def read_files(paths: list[Path], names: list[str], where: str, reading: TextReading) -> Found:
    """A text a file, or each sequence of a FASTA; files that cannot be read are skipped."""
    found = Found([], [], where)
    for path, name in zip(paths, names, strict=True):
        try:
            if inner_suffix(path) in fasta.ENDINGS:
                part = fasta.read_fasta(path, reading.encoding)
                found.texts.extend(part.texts)
                found.ids.extend(f"{name}:{each}" for each in part.ids)
                found.skipped.extend(Skipped(f"{name}:{each.what}", each.why) for each in part.skipped)
                continue
            found.texts.append(open_text(path, reading.encoding))
            found.ids.append(name)
        except DataError as error:
            found.skipped.append(Skipped(name, str(error).removeprefix(f"{path}, ").removeprefix(f"{path} ")))
    if not found.texts and found.skipped:
        raise DataError(f"none of the {len(paths)} text files of {where} can be read; first: {found.skipped[0].what}: "
                        f"{found.skipped[0].why}")  # fmt: skip
    return _cut(found, reading)


def read_folder(root: Path, reading: TextReading) -> Found:
    """A folder of text files at any depth; with one folder a class, their names are the labels."""
    names, others = walk(root)
    if not names:
        raise DataError(f"the folder {root} holds no text files ({', '.join(sorted(ENDINGS))})")
    if len(names) == 1:
        found = read_document(root / names[0], reading)
    else:
        found = read_files([root / each for each in names], names, f"the folder {root}", reading)
        found.labels = classes_of([_file_of(each, set(names)) for each in found.ids])
    if others:
        found.notes.append(f"{sum(others.values()):,} other files are not read: {_counted(others)}")
    return found


def _file_of(name: str, files: set[str]) -> str:
    """The file that a sample is of, whose name may be followed by that of a sequence (:) and the number of a piece (#)."""
    ends = [place for place, letter in enumerate(name) if letter in ":#"]
    return next((name[:end] for end in ends if name[:end] in files), name)


def walk(root: Path, most: int | None = None) -> tuple[list[str], dict[str, int]]:
    """Paths of the text files below a folder, in order, and how many others there are, by ending. Hidden ones are passed by.

    Raises
    ------
    DataError : the folder cannot be looked into.
    """
    names, others = [], dict[str, int]()
    try:
        root.iterdir()
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(each for each in folders if not each.startswith(".") and each != "__MACOSX")
            for file in sorted(files):
                if file.startswith("."):
                    continue
                path = Path(folder) / file
                if inner_suffix(path) in ENDINGS:
                    names.append(path.relative_to(root).as_posix())
                else:
                    ending = path.suffix.lower() or "no ending"
                    others[ending] = others.get(ending, 0) + 1
            if most is not None and len(names) + sum(others.values()) >= most:
                break
    except OSError as error:
        raise DataError(f"the folder {root} cannot be read: {error.strerror or error}") from error
    return names, others


def classes_of(names: list[str]) -> list[str] | None:
    """The folder right above each file, where that divides them into classes; folders that name parts are looked through."""
    above = [next((part for part in reversed(each.split("/")[:-1]) if part.lower() not in _PARTS), "") for each in names]
    kinds = set(above) - {""}
    if len(kinds) < 2 or len(kinds) > len(names) // 2 or above.count("") > 0.1 * len(names):
        return None
    return above


def _unit(text: str) -> str:
    """Paragraphs where blank lines part blocks of several lines, as in prose that is broken into lines; else lines."""
    blocks = [each for each in _BLANK.split(text.strip()) if each.strip()]
    lines = sum(each.count("\n") + 1 for each in blocks)
    return "paragraph" if len(blocks) > 1 and lines > 1.5 * len(blocks) else "line"


def _cut(found: Found, reading: TextReading) -> Found:
    """Documents of more than `piece` words (or letters of a symbol language) in pieces of nearly equal length."""
    size = reading.piece
    if not size or reading.unit == "file":
        return found
    some = [each for each in found.texts[:200] if each.strip()]
    strings = language(some) is not None or is_unspaced(some)
    texts, ids, origins, cut = list[str](), list[str](), list[str](), 0
    for text, name in zip(found.texts, found.ids, strict=True):
        units = list(text.strip()) if strings else text.split()
        pieces = -(-len(units) // size)
        if pieces <= 1:
            texts.append(text)
            ids.append(name)
            origins.append(name)
            continue
        cut += 1
        step = -(-len(units) // pieces)
        for number, start in enumerate(range(0, len(units), step), start=1):
            texts.append(("" if strings else " ").join(units[start : start + step]))
            ids.append(f"{name}#{number}")
            origins.append(name)
    if not cut:
        return found
    found.notes.append(
        f"{cut:,} of {len(found.ids):,} documents are longer than {size} {'letters' if strings else 'words'} and cut into pieces, "
        "which are never divided between learning and scoring; --read piece=0 cuts none"
    )
    found.texts, found.ids = texts, ids
    found.origins, found.groups = origins, origins if len(set(origins)) > 1 else None
    return found


def _counted(others: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(others.items(), key=lambda item: -item[1])[:5])
