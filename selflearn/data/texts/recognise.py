"""Whether a source holds texts or symbol strings, judged by names and first rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selflearn.data.options import Recognition
from selflearn.data.texts import documents, fasta, tables
from selflearn.data.texts.found import inner_suffix, open_text
from selflearn.data.texts.symbols import count_words, language
from selflearn.errors import DataError

CERTAIN, PROBABLE, POSSIBLE = 0.9, 0.8, 0.65
Judgement = tuple[float, str]
NOTHING: Judgement = (0.0, "")
HARDLY = 0.3
"""Certainty of a table that holds texts among much else: what it is taken for instead is told, and texts beside it."""
MANY_OTHERS, MOST_OTHERS = 2, 20
"""Columns beside texts: a few targets or facts may stand beside them, but not a table of measures."""
LONG = 5
"""Words on average from which a column with a telling name is what its table is for."""


def judge(source: Any) -> Recognition | None:
    """How certain, and why; None where it holds no texts."""
    try:
        certainty, why = _judge(source)
    except DataError:
        return None
    return Recognition("text", certainty, why) if certainty > 0 else None


def _judge(source: Any) -> Judgement:
    if isinstance(source, str | Path):
        return _path(Path(source).expanduser())
    if is_hub(source):
        return _columns({name: list(source[: tables.LOOKED_AT][name]) for name in source.column_names})
    if isinstance(source, Mapping) and source and all(is_hub(each) for each in source.values()):
        return _judge(next(iter(source.values())))
    if is_frame(source):
        return _columns({str(name): source[name].head(tables.LOOKED_AT).tolist() for name in source.columns})
    strings = as_strings(source, tables.LOOKED_AT)
    return NOTHING if strings is None else _strings(strings)


def is_hub(source: Any) -> bool:
    """Whether it looks like a Hugging Face dataset."""
    return hasattr(source, "features") and hasattr(source, "column_names") and hasattr(source, "__len__")


def is_frame(source: Any) -> bool:
    """Whether it looks like a pandas DataFrame."""
    return hasattr(source, "columns") and hasattr(source, "iloc")


def as_strings(source: Any, most: int | None = None) -> list[Any] | None:
    """The items of a list, array or Series of strings (None and NaN for missing ones); None where it is none."""
    if isinstance(source, list | tuple):
        items = list(source[:most])
    elif (hasattr(source, "iloc") and not hasattr(source, "columns")) or (
        getattr(source, "ndim", 0) == 1 and hasattr(source, "dtype") and getattr(source.dtype, "kind", "") in "UOST"
    ):
        items = source[:most].tolist() if most is not None else source.tolist()
    else:
        return None
    known = [each for each in items if not (each is None or (isinstance(each, float) and math.isnan(each)))]
    return items if known and all(isinstance(each, str | Path) for each in known) else None


def are_documents(items: Sequence[Any]) -> bool:
    """Whether strings are names of text files rather than texts."""
    return bool(items) and all(
        isinstance(each, Path) or (isinstance(each, str) and len(each) < 1024 and inner_suffix(Path(each)) in documents.ENDINGS)
        for each in items
    ) and all(Path(each).expanduser().is_file() for each in items[:20])  # fmt: skip


def _path(path: Path) -> Judgement:
    if path.is_dir():
        names, others = documents.walk(path, most=documents.MOST_LOOKED_AT)
        share = len(names) / max(len(names) + sum(others.values()), 1)
        return (CERTAIN + 0.02 if share > 0.9 else CERTAIN * share, f"it holds {len(names):,} text files") if names else NOTHING
    suffix = inner_suffix(path)
    if suffix in tables.FILES:
        columns, _ = tables.file_columns(path, most=tables.LOOK_BYTES)
        return _columns(columns, alone=suffix in tables.JSONL)
    if suffix not in documents.ENDINGS:
        return NOTHING
    if suffix in fasta.ENDINGS:
        return CERTAIN, "its ending is that of FASTA"
    lines = [each for each in open_text(path, most=tables.LOOK_BYTES).splitlines() if each.strip()][: tables.LOOKED_AT]
    if lines and _numbers(lines) > 0.5:
        return NOTHING
    certainty, why = _strings(lines)
    return (max(certainty, POSSIBLE), why or "it is a text file") if lines else NOTHING


def _columns(columns: Mapping[str, Sequence[Any]], alone: bool = False) -> Judgement:
    """Of a table: `alone` where no other kind reads such a file, so that what stands beside the texts speaks for none."""
    main = tables.main_column({name: list(values)[: tables.LOOKED_AT] for name, values in columns.items()})
    if main is None:
        return NOTHING
    held = f"{main.symbols} strings" if main.symbols else f"texts of {main.words:.0f} words on average"
    why = f"its column {main.name!r} holds {held}"
    if len(main.others) <= MANY_OTHERS:
        return PROBABLE, why
    telling = main.symbols is not None or (main.telling and main.words >= LONG)
    return (POSSIBLE if alone or (telling and len(main.others) <= MOST_OTHERS) else HARDLY), why


def _strings(items: Sequence[Any]) -> Judgement:
    if are_documents(items):
        return CERTAIN, "they are names of text files"
    texts = [each for each in items if isinstance(each, str) and each.strip()]
    if not texts:
        return NOTHING
    if found := language(texts):
        return PROBABLE, f"they are {found} strings"
    words = sum(map(count_words, texts)) / len(texts)
    return (PROBABLE, f"they are texts of {words:.1f} words on average") if words >= 3 else NOTHING


def _numbers(lines: Sequence[str]) -> float:
    """The share of lines that hold numbers and separators alone, as tables do."""
    return sum(not any(letter.isalpha() for letter in each) for each in lines) / len(lines)
