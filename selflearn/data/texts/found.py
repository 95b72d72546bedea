"""Texts as they were found, before a tokenizer has seen them; and opening the files they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from selflearn.data import packed
from selflearn.data.dataset import Skipped
from selflearn.errors import DataError

LARGEST = 4 * 1024**3
"""Bytes of one file, unpacked: more is no text that fits this machine, and a packed file can be a bomb."""


@dataclass
class Found:
    """Texts, one a sample, and what is known of them. `labels` and `groups` are raw values, one a text, or None.

    Attributes
    ----------
    where : the source, for messages.
    tabular : True where it has columns, one of which may be named as that of labels or groups.
    origins : the document that each text is a piece of, where documents were cut; None otherwise.
    """

    texts: list[str]
    ids: list[str]
    where: str
    labels: Sequence[Any] | None = None
    groups: Sequence[Any] | None = None
    classes: Sequence[str] | None = None
    tabular: bool = False
    origins: list[str] | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, rows: Sequence[int]) -> Found:
        """Some of the texts, in order."""

        def some(values: Sequence[Any] | None) -> list[Any] | None:
            return None if values is None else [values[row] for row in rows]

        return replace(
            self,
            texts=[self.texts[row] for row in rows],
            ids=[self.ids[row] for row in rows],
            labels=some(self.labels),
            groups=some(self.groups),
            origins=some(self.origins),
        )


def open_text(path: Path, encoding: str = "utf-8", most: int | None = None) -> str:
    """The text of a file, unpacked if it ends in .gz; line ends as they are.

    Parameters
    ----------
    most : stop after so many bytes, at a line's end: enough to see what the file holds.

    Raises
    ------
    DataError : it cannot be read, is damaged or too large, is no text, or not in this encoding; names the line.
    """
    content = packed.content(path, LARGEST if most is None else most)
    if most is None and len(content) >= LARGEST:
        raise DataError(f"{path} holds more than {LARGEST // 1024**3} GB of text; divide it into several files")
    if most is not None and len(content) >= most:
        end = content.rfind(b"\n")
        content = content[: end + 1] if end >= 0 else content[: most - 8]
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        name = "utf-16"
    elif b"\0" in content[:4096]:
        raise DataError(f"{path} is no text: it holds zero bytes")
    try:
        return content.decode(name, errors="strict" if most is None else "replace")
    except LookupError as error:
        raise DataError(
            f"there is no encoding {encoding!r}; known are utf-8, latin-1, cp1252, utf-16 and others of Python"
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line} is not {encoding} (byte 0x{content[error.start]:02x}); convert the file, or name its encoding: "
            "--read encoding=latin-1"
        ) from error


def inner_suffix(path: Path) -> str:
    """The ending of a file, of the file inside for .gz: "texts.jsonl.gz" is ".jsonl"."""
    suffixes = [each.lower() for each in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        return suffixes[-2] if len(suffixes) > 1 else ""
    return suffixes[-1] if suffixes else ""
