"""Texts and symbol strings: recognising and reading them, from wherever they lie. One file a family of sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.labels import attach, encode, number_groups
from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.data.texts import documents, tables
from selflearn.data.texts.found import Found, inner_suffix
from selflearn.data.texts.options import TextReading
from selflearn.data.texts.preparing import prepare
from selflearn.data.texts.recognise import are_documents, as_strings, is_frame, is_hub, judge
from selflearn.data.texts.spec import TextBatch, TextSpec, TokenizerSpec
from selflearn.data.texts.store import Texts
from selflearn.errors import DataError

__all__ = ["TextBatch", "TextReading", "TextSpec", "Texts", "TokenizerSpec", "read", "recognise", "spec_class"]

spec_class = TextSpec


def recognise(source: Any) -> Recognition | None:
    """Whether a source holds texts or symbol strings, judged by names and first rows."""
    return judge(source)


def read(source: Any, options: ReadOptions) -> Texts:
    """Read texts from any source that `recognise` knows.

    Empty texts are skipped and counted. Without `options.like` a tokenizer is trained on the texts, or the named one taken;
    with it the encoder's own is used, and what it does not know is counted.

    Raises
    ------
    DataError : no texts; a reading option that is unknown or does not fit; a file that is damaged or in another encoding.
    MissingExtraError : a tokenizer that needs the extra `text`.
    """
    reading = kind_options(TextReading, options)
    like = options.like if isinstance(options.like, TextSpec) else None
    found = _find(source, reading, options)
    found = _mended(found)
    facts = _facts(found, options, Path(source) if isinstance(source, str | Path) else None)
    kept = [row for row, text in enumerate(found.texts) if text.strip()]
    for row in sorted(set(range(len(found.texts))) - set(kept)):
        facts.skipped.append(Skipped(facts.ids[row], "it is empty"))
    if not kept:
        raise DataError(f"{found.where} holds no text: each of its {len(found.texts):,} samples is empty")
    return prepare([found.texts[row].strip() for row in kept], facts, np.array(kept), reading, like)


def _mended(found: Found) -> Found:
    """Without halves of letters (lone surrogates), which a damaged JSON may hold and which no file can be written with."""
    texts = [each if each.isascii() else each.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for each in found.texts]
    count = sum(old != new for old, new in zip(found.texts, texts, strict=True))
    notes = [f"{count:,} texts hold halves of letters, which are replaced by \ufffd"] if count else []
    return replace(found, texts=texts, notes=[*found.notes, *notes])


def _find(source: Any, reading: TextReading, options: ReadOptions) -> Found:
    if isinstance(source, str | Path):
        return _find_path(Path(source).expanduser(), reading, options)
    if is_hub(source):
        columns = {name: list(source[name]) for name in source.column_names}
        return tables.read_columns(columns, "the dataset", reading, options, source.features)
    if isinstance(source, Mapping):
        return _find_part(source, reading, options)
    if is_frame(source):
        columns = {str(name): source[name].tolist() for name in source.columns}
        return tables.read_columns(columns, "the DataFrame", reading, options)
    items = as_strings(source)
    if items is None:
        raise DataError(f"texts are strings, in a file, list, Series or column; this is {type(source).__name__}")
    if are_documents(items):
        paths = [Path(each).expanduser() for each in items]
        if len(paths) == 1 and reading.unit in {"auto", "file"}:  # one file is one text, as a search for its like needs it
            reading = reading.model_copy(update={"piece": 0})
        return documents.read_files(paths, [str(each) for each in items], "the list", reading)
    texts = [each if isinstance(each, str) else "" for each in items]
    return Found(texts, [str(number) for number in range(len(texts))], "the list of texts")


def _find_path(path: Path, reading: TextReading, options: ReadOptions) -> Found:
    if path.is_dir():
        return documents.read_folder(path, reading)
    if inner_suffix(path) in tables.FILES:
        return tables.read_file(path, reading, options)
    return documents.read_document(path, reading)


def _find_part(source: Mapping[str, Any], reading: TextReading, options: ReadOptions) -> Found:
    """One part of a Hugging Face dataset of several: the one asked for, "train", or the first."""
    name = reading.part or ("train" if "train" in source else next(iter(source)))
    if name not in source:
        raise DataError(f"the dataset has no part {name!r}; it has {', '.join(map(str, source))}")
    found = _find(source[name], reading.model_copy(update={"part": None}), options)
    found.notes.append(f"only the part {name!r} is read of {', '.join(map(str, source))}; --read part=NAME takes another")
    return found


def _facts(found: Found, options: ReadOptions, root: Path | None) -> Facts:
    labels, classes = np.full(len(found.ids), -1, dtype=np.int64), list[str]()
    if found.labels is not None:
        labels, classes = encode(found.labels, found.classes)
    groups = number_groups(found.groups) if found.groups is not None else None
    facts = Facts(found.ids, labels, classes, groups, list(found.skipped), list(found.notes))
    by_column, by_group = (
        found.tabular and isinstance(each, str) and not Path(each).is_file() for each in (options.labels, options.groups)
    )
    labels_given, groups_given = None if by_column else options.labels, None if by_group else options.groups
    if found.origins is None or any(_one_each(each, facts) for each in (labels_given, groups_given)):
        return attach(facts, labels_given, groups_given, root)
    return _of_documents(facts, found.origins, labels_given, groups_given, root)


def _one_each(given: Any, facts: Facts) -> bool:
    """Whether labels or groups are a value for each sample."""
    return given is not None and not isinstance(given, str | Path | Mapping) and len(given) == len(facts.ids)


def _of_documents(facts: Facts, origins: list[str], labels: Any, groups: Any, root: Path | None) -> Facts:
    """Facts with what a person said of whole documents, for each of their pieces."""
    names = list(dict.fromkeys(origins))
    place = {name: number for number, name in enumerate(names)}
    owner = np.array([place[each] for each in origins], dtype=np.int64)
    whole = attach(Facts(names, np.full(len(names), -1, dtype=np.int64)), labels, groups, root)
    if labels is not None:
        facts = replace(facts, labels=whole.labels[owner], classes=whole.classes)
    if whole.groups is not None:
        facts = replace(facts, groups=whole.groups[owner])
    return replace(facts, skipped=[*facts.skipped, *whole.skipped], notes=[*facts.notes, *whole.notes])
