"""The kinds of data, one row each. A kind's module is imported only when a source is recognised, read, or its spec restored."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from selflearn.data.columns import check_width
from selflearn.data.dataset import Dataset
from selflearn.data.locate import Located, localised, locate
from selflearn.data.options import ReadOptions, Recognition
from selflearn.data.remote.urls import is_pattern
from selflearn.data.shards.files import Shards
from selflearn.data.spec import Spec
from selflearn.errors import DataError, nearest

KINDS: dict[str, str] = {
    "image": "selflearn.data.images",
    "sound": "selflearn.data.sound",
    "series": "selflearn.data.series",
    "text": "selflearn.data.texts",
    "table": "selflearn.data.tables",
    "graph": "selflearn.data.graphs",
    "task": "selflearn.data.tasks",
}

NAMES = ("digits", "prior:")
"""How sources begin that are names, and no paths: embedded data, and priors over tasks."""

IN_SHARDS = ("image", "sound")
"""Kinds of data that are read from shards of encoded files."""

LEAST = 8
"""Fewest samples to learn from: a batch needs negatives beyond one pair, and a held-out fifth must hold one sample at least."""


class _Kind(Protocol):
    spec_class: type[Spec]

    def recognise(self, source: Any) -> Recognition | None: ...

    def read(self, source: Any, options: ReadOptions) -> Dataset: ...


def recognise(source: Any) -> Recognition:
    """Which kind of data a source holds: every kind is asked, the most certain wins.

    What one kind cannot read may still be another's: a ragged CSV is no list of pictures, but good texts. So a kind's complaint is
    told only where no kind knows the source.

    Parameters
    ----------
    source : as of `read`.

    Raises
    ------
    DataError : the path does not exist, or no kind knows the source; says what was looked at.
    """
    return _recognised(locate(source, ReadOptions()).source)


def _recognised(source: Any) -> Recognition:
    """Of a source that was located."""
    _check_path(source)
    answers, complaints = list[Recognition](), dict[str, list[str]]()
    for name in KINDS:
        try:
            answer = _kind(name).recognise(source)
        except DataError as error:  # what one kind cannot read may still be another's
            complaints.setdefault(str(error).replace(str(source), "it"), []).append(name)
        else:
            answers += [answer] if answer is not None else []
    if not answers:
        told = [f"; taken for {' or '.join(names)}: {why}" for why, names in complaints.items()]
        raise DataError(f"{_describe(source)}. Known kinds of data: {', '.join(KINDS)}{''.join(told[:3])}")
    best, *others = sorted(answers, key=lambda answer: -answer.certainty)
    return dataclasses.replace(best, others=tuple(others))


def read(source: Any, options: ReadOptions | None = None, **keywords: Any) -> Dataset:
    """Read a source into a dataset.

    Parameters
    ----------
    source : a folder, a file, shards, a pattern (``train-{000..099}.tar``), any of these at a URL that fsspec knows, a data set
        of the Hugging Face hub (``hf:owner/name``), a NumPy array, a torch tensor, a list of pictures or paths, a pandas
        DataFrame, a Hugging Face dataset, the name "digits" (scikit-learn's 1,797 embedded scans of digits), or a prior over
        tasks: ``"prior:gp"``, or an object of one's own (`selflearn.data.tasks.Prior`).
    options : how to read; `keywords` are fields of `ReadOptions` and overrule it.

    Raises
    ------
    DataError : nothing readable, too little to learn from, or nothing to tell samples apart.

    Example
    -------
    >>> dataset = read("digits")
    >>> len(dataset), dataset.batch([0, 1]).values.shape
    (1797, torch.Size([2, 1, 8, 8]))
    """
    if options is None:
        options = ReadOptions.of(**keywords)
    elif keywords:
        given = {each.name: getattr(options, each.name) for each in dataclasses.fields(options)}
        options = ReadOptions.of(**{**given, **keywords})
    kind = options.kind
    if kind is not None and kind not in KINDS:
        raise DataError(f"there is no kind of data {kind!r}{nearest(kind, KINDS)}")
    found = _readable(locate(source, options), source, kind)
    if kind is None:
        kind = _recognised(found.source).kind
    else:
        _check_path(found.source)
    options = dataclasses.replace(options, labels=localised(options.labels, options), groups=localised(options.groups, options))
    dataset = _kind(kind).read(found.source, options)
    dataset.facts.skipped[:0], dataset.facts.notes[:0] = found.skipped, found.notes
    if options.like is None:
        _check_learnable(dataset)
    return dataset


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """A spec as plain JSON, its kind included; `spec_from_json` undoes it."""
    return {"kind": spec.kind, **spec.model_dump(mode="json")}


def spec_from_json(data: dict[str, Any]) -> Spec:
    """The spec that `spec_to_json` wrote.

    Raises
    ------
    DataError : an unknown kind, or fields that are not of that kind.
    """
    kind = data.get("kind", "none")
    if kind not in KINDS:
        raise DataError(f"a spec of the kind {kind!r} is not known to this version{nearest(str(kind), KINDS)}")
    try:
        return _kind(kind).spec_class.model_validate({name: value for name, value in data.items() if name != "kind"})
    except ValueError as error:
        raise DataError(f"a spec of the kind {kind!r} is damaged or of another version: {error}") from error


def is_name(source: Any) -> bool:
    """Whether a source is the name of data that lies in no file."""
    return isinstance(source, str) and (source == NAMES[0] or source.startswith(NAMES[1]))


def _kind(name: str) -> _Kind:
    return cast(_Kind, import_module(KINDS[name]))


def _readable(found: Located, source: Any, kind: str | None) -> Located:
    """What was located, or, for another kind of data than shards are read as, the local table that they also are."""
    if not isinstance(found.source, Shards) or kind is None or kind in IN_SHARDS:
        return found
    if any(each.form == "tar" or each.remote is not None for each in found.source.files):
        raise DataError(
            f"{found.source.source} is in shards, which are read as {' or '.join(IN_SHARDS)}, not as {kind}: unpack them"
        )
    return Located([str(each.path) for each in found.source.files] if is_pattern(str(source)) else source)


def _check_path(source: Any) -> None:
    if not isinstance(source, str | Path) or is_name(source):
        return
    try:
        exists = Path(source).expanduser().exists()
    except OSError as error:
        raise DataError(f"{source} cannot be looked at: {error.strerror or error}") from error
    if not exists:
        raise DataError(
            f"there is no file or folder {str(source)!r} (seen from {Path.cwd()}); the embedded example is called 'digits'"
        )
    if (path := Path(source).expanduser()).is_file():
        check_width(path)


def _check_learnable(dataset: Dataset) -> None:
    """Refuse, before any work, what nothing can be learned from."""
    count, skipped = len(dataset), dataset.facts.skipped
    if count < LEAST:
        first = f" ({len(skipped)} skipped; first: {skipped[0].what}: {skipped[0].why})" if skipped else ""
        raise DataError(f"found {count} sample{'s' if count != 1 else ''}{first}; learning needs at least {LEAST}")
    if dataset.all_alike():
        raise DataError(f"all {count} samples are identical: there is nothing to tell apart, so nothing can be learned")


def _describe(source: Any) -> str:
    """What was looked at, for the message that nothing was recognised."""
    if isinstance(source, Shards):
        from selflearn.data.shards.peek import first_of

        inside = ", ".join(name for name, _ in first_of(source.files[0])[:4] if name)
        return (
            f"{source.source} is in {len(source.files):,} shards without pictures or recordings"
            + (f" (the first holds {inside})" if inside else f" ({source.files[0].where} cannot be read)")
            + "; shards are tars or Parquet files of these: unpack others"
        )
    if not isinstance(source, str | Path):
        shape = (
            f" of shape {tuple(source.shape)} and type {source.dtype}"
            if hasattr(source, "shape") and hasattr(source, "dtype")
            else ""
        )
        size = f" of {len(source)} items" if isinstance(source, list | tuple) else ""
        return f"{type(source).__name__}{shape}{size} is not of a known kind of data"
    path = Path(source).expanduser()
    if path.is_file():
        return f"the file {path} ({path.stat().st_size:,} bytes) is not of a known kind of data"
    try:
        files = [each for _, each in zip(range(10_000), path.rglob("*"), strict=False) if each.is_file()]
    except OSError as error:
        return f"the folder {path} cannot be read: {error.strerror or error}"
    if not files:
        return f"the folder {path} is empty"
    endings: dict[str, int] = {}
    for each in files:
        endings[each.suffix.lower() or "no ending"] = endings.get(each.suffix.lower() or "no ending", 0) + 1
    counted = ", ".join(f"{count} {name}" for name, count in sorted(endings.items(), key=lambda item: -item[1])[:5])
    return f"the folder {path} holds no data of a known kind; looked at {len(files)} files: {counted}"
