"""The file formats of series archives: .ts of sktime and aeon, .arff of Weka, and the UCR archive's headless .tsv and .txt."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from selflearn.data.packed import content, unpacked
from selflearn.data.series.found import Found, numbered, of_list
from selflearn.errors import DataError

_GAPS = {"?", "nan", ""}
_ATTRIBUTE = re.compile(r"""@attribute\s+(?:(['"])(?P<quoted>.*?)\1|(?P<plain>\S+))\s+(?P<kind>.+)$""", re.IGNORECASE)


def open_text(path: Path) -> list[str]:
    """The lines of a text file, also a gzipped one.

    Raises
    ------
    DataError : it cannot be read as text.
    """
    try:
        return content(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text file in UTF-8: {error}") from error


def first_lines(path: Path, count: int = 3, size: int = 1 << 20) -> list[str]:
    """The first lines, or none where there is no text. Very long lines are cut."""
    try:
        with unpacked(path) as file:
            return [file.readline(size).decode("utf-8-sig").rstrip("\r\n") for _ in range(count)]
    except (DataError, UnicodeDecodeError):
        return []


def is_headless(path: Path) -> bool:
    """Whether the first lines are those of the UCR archive: a class, then numbers alone, of equal count."""
    rows = [_split(line) for line in first_lines(path, 2) if line.strip()]
    if not rows or len(rows[0]) < 9 or len({len(row) for row in rows}) > 1:
        return False
    try:
        labels = [float(row[0]) for row in rows]
        [float("nan" if cell.lower() in _GAPS else cell) for row in rows for cell in row[1:]]
    except ValueError:
        return False
    return all(label == round(label) for label in labels)


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split(",") if "," in line else line.split())]


def read_headless(path: Path) -> Found:
    """The UCR archive's .tsv and .txt: a line a series, its class first. Trailing NaN are the padding of shorter series.

    Raises
    ------
    DataError : a line that is not of numbers.
    """
    pieces, labels = [], []
    for number, line in enumerate(open_text(path), start=1):
        if not line.strip():
            continue
        cells = _split(line)
        labels.append(cells[0])
        pieces.append(_numbers(cells[1:], path, number)[:, None])
    if not pieces:
        raise DataError(f"{path} holds no series")
    return of_list(
        str(path), [_trimmed(piece) for piece in pieces], [str(row) for row in range(len(pieces))], ["channel 0"], labels=labels
    )


def _trimmed(piece: np.ndarray) -> np.ndarray:
    """Without the gaps at the end."""
    real = np.flatnonzero(np.isfinite(piece).any(axis=1))
    return piece[: real[-1] + 1] if len(real) else piece[:1]


def _numbers(cells: list[str], path: Path, line: int) -> np.ndarray:
    try:
        return np.array([np.nan if cell.lower() in _GAPS else float(cell) for cell in cells], dtype=np.float64)
    except ValueError as error:
        raise DataError(
            f"{path}, line {line}: {str(error).removeprefix('could not convert string to float: ')} is no number"
        ) from error


def read_ts(path: Path) -> Found:
    """The .ts format: a header of @ lines, then a line a series, its channels separated by colons, its class last.

    Series with a timestamp for every value, "(moment,value)", give their values.

    Raises
    ------
    DataError : no @data line, another number of channels, or something that is no number.
    """
    lines = open_text(path)
    labelled, start = False, None
    for number, line in enumerate(lines):
        word, _, rest = line.strip().partition(" ")
        if word.lower() == "@classlabel":
            labelled = rest.strip().lower().startswith("true")
        if word.lower() == "@data":
            start = number + 1
            break
    if start is None:
        raise DataError(f"{path} has no @data line, after which the series of a .ts file stand")
    pieces, labels = [], []
    for number, line in enumerate(lines[start:], start=start + 1):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        parts = line.strip().split(":")
        if labelled:
            labels.append(parts.pop().strip())
        if not parts:
            raise DataError(f"{path}, line {number}: there is a class and no series; channels are separated by colons")
        pieces.append(_channels([_timed(part) for part in parts], path, number))
    if not pieces:
        raise DataError(f"{path} holds no series after its @data line")
    names = [str(row) for row in range(len(pieces))]
    return of_list(str(path), pieces, names, numbered(pieces[0].shape[1]), labels=labels or None)


def _timed(part: str) -> list[str]:
    """The values of one channel; of (moment,value) pairs the values."""
    if part.lstrip().startswith("("):
        return [pair.strip(" ()").rpartition(",")[2] for pair in part.split("),")]
    return [cell.strip() for cell in part.split(",")]


def _channels(cells: list[list[str]], path: Path, line: int) -> np.ndarray:
    """(steps, channels); a channel that ends before the longest has gaps at its end."""
    longest = max(map(len, cells))
    rows = [_numbers([*each, *["?"] * (longest - len(each))], path, line) for each in cells]
    return np.stack(rows, axis=1)


def arff_columns(path: Path) -> list[tuple[str, str]]:
    """Name and type of the attributes of an .arff file; relational ones as "relational"."""
    found, inside = [], False
    for line in first_lines(path, 20_000):
        text = line.strip()
        lower = text.lower()
        if lower.startswith("@data"):
            break
        if lower.startswith("@end"):
            inside = False
        elif lower.startswith("@attribute") and not inside:
            name, kind = _attribute(text)
            found.append((name, kind))
            inside = kind == "relational"
    return found


def _attribute(line: str) -> tuple[str, str]:
    """Name and type of one @attribute line; names with spaces stand in quotes."""
    match = _ATTRIBUTE.match(line)
    if match is None:
        return "", ""
    kind = match["kind"].strip().lower()
    return match["quoted"] or match["plain"], "classes" if kind.startswith("{") else kind


def read_arff(path: Path) -> Found:
    """Weka's .arff, as archives of series use it: numeric attributes are steps, or a relational one holds the channels' lines.

    Raises
    ------
    DataError : neither.
    """
    columns = arff_columns(path)
    lines = open_text(path)
    start = next((number + 1 for number, line in enumerate(lines) if line.strip().lower().startswith("@data")), None)
    if start is None:
        raise DataError(f"{path} has no @data line")
    relational = [position for position, (_, kind) in enumerate(columns) if kind == "relational"]
    numeric = [position for position, (_, kind) in enumerate(columns) if kind in {"numeric", "real", "integer"}]
    label = next((position for position, (_, kind) in enumerate(columns) if kind == "classes"), None)
    if not relational and len(numeric) < 2:
        raise DataError(f"{path} has no attributes of numbers that could be the steps of a series")
    pieces, labels = [], []
    for number, line in enumerate(lines[start:], start=start + 1):
        if not line.strip() or line.startswith("%"):
            continue
        cells = next(csv.reader([line], quotechar="'", escapechar=None, skipinitialspace=True))
        if len(cells) != len(columns):
            raise DataError(f"{path}, line {number}: {len(cells)} values for {len(columns)} attributes")
        if relational:
            rows = [part.split(",") for part in cells[relational[0]].replace("\\n", "\n").split("\n") if part.strip()]
            pieces.append(_channels(rows, path, number))
        else:
            pieces.append(_trimmed(_numbers([cells[position].strip() for position in numeric], path, number)[:, None]))
        if label is not None:
            labels.append(cells[label].strip())
    if not pieces:
        raise DataError(f"{path} holds no series after its @data line")
    names = [str(row) for row in range(len(pieces))]
    return of_list(str(path), pieces, names, numbered(pieces[0].shape[1]), labels=labels or None)
