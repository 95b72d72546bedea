"""From what a reader found to a data set: the level, clean edges, features without gaps, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from selflearn.data.dataset import Facts
from selflearn.data.graphs.edges import clean
from selflearn.data.graphs.found import Found
from selflearn.data.graphs.options import GraphReading
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.store import Graphs, Nodes
from selflearn.data.labels import attach, encode
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

WHOLE = 20_000
"""Nodes (or a twentieth of as many edges) up to which a batch is all of the graph: an update on it takes a second on one core."""
FANOUT = 15
MOST_DEGREES = 64
MOST_TAGS = 2_000

Origin = Literal["given", "tags", "degree", "given and tags"]


def prepare(found: Found, reading: GraphReading, options: ReadOptions) -> Nodes | Graphs:
    """Make samples of what was found.

    Raises
    ------
    DataError : no edges, a level that the source cannot have, or features that an encoder cannot read.
    """
    like = options.like if isinstance(options.like, GraphSpec) else None
    if options.like is not None and like is None:
        raise DataError(f"the encoder reads {options.like.kind} data, and {found.where} holds graphs")
    level = _level(found, reading, like)
    if level == "node" and found.graphs > 1:
        found.notes.append(f"{found.graphs:,} graphs are taken as one, whose nodes are the samples")
    cleaned = clean(found)
    found.notes += cleaned.notes
    _say_alone(found, cleaned.pairs, level)
    labels = found.node_labels if level == "node" else found.graph_labels
    if level == "node" and labels is None and found.tags is not None and found.values is not None:
        labels, found.tags = found.tags, None
    values, spec = _features(found, cleaned.pairs, level, reading, like)
    facts = _facts(found, level, labels, options)
    if level == "node":
        if not spec.fanout:
            found.notes.append("every batch holds the whole graph: nodes held out stay in it as neighbours, never as samples")
        return Nodes(spec, facts, values, cleaned.pairs)
    assert found.offsets is not None
    return Graphs(spec, facts, values, cleaned.pairs, np.asarray(found.offsets, dtype=np.int64))


def _level(found: Found, reading: GraphReading, like: GraphSpec | None) -> Literal["node", "graph"]:
    if reading.level == "auto":
        level: Literal["node", "graph"] = like.level if like else "graph" if found.offsets is not None else "node"
        if like is None:
            what = f"each of its {found.graphs:,} graphs" if level == "graph" else "each node of its one graph"
            other = "node" if level == "graph" else "graph"
            found.notes.append(f"a sample is {what}; --read level={other} makes it a {other}")
    else:
        level = reading.level
    if like is not None and level != like.level:
        raise DataError(f"the encoder learned from {like.level}s and cannot be asked for {level}s")
    if level == "graph" and found.offsets is None:
        found.offsets = np.array([0, found.nodes])
    return level


def _say_alone(found: Found, pairs: np.ndarray, level: str) -> None:
    joined = np.zeros(found.nodes, dtype=bool)
    joined[pairs.ravel()] = True
    if level == "node" and not joined.all():
        found.notes.append(f"{int((~joined).sum()):,} nodes have no edge and are known by their own features alone")
    if level == "graph" and found.offsets is not None:
        sizes = np.diff(found.offsets)
        if (sizes == 0).any():
            raise DataError(
                f"{found.where}: {int((sizes == 0).sum()):,} graphs have no nodes; the first is number {np.argmin(sizes)}"
            )
        edges = np.add.reduceat(joined, found.offsets[:-1].astype(np.int64))
        if (edges == 0).any():
            found.notes.append(f"{int((edges == 0).sum()):,} of {len(sizes):,} graphs have no edges")


def _features(
    found: Found, pairs: np.ndarray, level: Literal["node", "graph"], reading: GraphReading, like: GraphSpec | None
) -> tuple[np.ndarray, GraphSpec]:
    """The features of all nodes, and the spec they have; or those that an encoder knows."""
    parts: list[np.ndarray] = []
    if found.values is not None:
        parts.append(_without_gaps(found))
    tags: tuple[str, ...] = like.tags if like else ()
    if like is None and found.tags is not None and len(np.unique(found.tags)) == 1:
        found.tags = None  # one kind of node says nothing
    if found.tags is not None and (like is None or tags):
        tags, columns = _one_hot(found, tags)
        parts.append(columns)
    origin: Origin = "given and tags" if len(parts) == 2 else "tags" if found.tags is not None and parts else "given"
    if not parts or (like is not None and like.origin == "degree"):
        most = like.features if like else MOST_DEGREES
        parts, origin = [_degrees(found.nodes, pairs, most, known=like is not None)], "degree"
        if like is None:
            found.notes.append("nodes have no features of their own: how many neighbours each has is taken")
    values = np.concatenate(parts, axis=1)
    if like is not None:
        if values.shape[1] != like.features:
            raise DataError(f"the encoder reads {like.features:,} features of a node, and {found.where} has {values.shape[1]:,}")
        return values, like
    mean, std = _moments(values)
    spec = GraphSpec(
        level=level,
        features=values.shape[1],
        origin=origin,
        tags=tags,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        unit=origin == "given" and values.shape[1] > 8 and bool((values >= 0).all()) and float((values > 0).mean()) < 0.25,
        longest=found.nodes if level == "node" or found.offsets is None else int(np.diff(found.offsets).max()),
        hops=reading.hops,
        fanout=_fanout(found.nodes, pairs.shape[1], reading) if level == "node" else 0,
    )
    if spec.unit:  # bags of words: shares of a node's own count, not deviations of a rare word
        spec = spec.model_copy(update={"mean": (0.0,) * spec.features, "std": (1.0,) * spec.features})
    return values, spec


def _fanout(nodes: int, edges: int, reading: GraphReading) -> int:
    if reading.fanout is not None:
        return reading.fanout
    return 0 if nodes <= WHOLE and edges <= 20 * WHOLE else FANOUT


def _without_gaps(found: Found) -> np.ndarray:
    values = np.asarray(found.values)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or len(values) != found.nodes or values.dtype.kind not in "iufb":
        raise DataError(
            f"{found.where}: features of nodes must be numbers of shape ({found.nodes}, features), "
            f"not {values.dtype} of {values.shape}"
        )
    values = values.astype(np.float32)
    gone = ~np.isfinite(values)
    if gone.any():
        known = np.where(gone, 0.0, values)
        counts = (~gone).sum(axis=0)
        mean = known.sum(axis=0) / np.maximum(counts, 1)
        values = np.where(gone, mean, values).astype(np.float32)
        found.notes.append(f"{int(gone.sum()):,} missing or infinite features are at the mean of their column")
        if empty := int((counts == 0).sum()):
            found.notes.append(f"{empty:,} features have no value at all and say nothing")
    return values


def _one_hot(found: Found, known: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """A column for each kind of node; kinds that an encoder does not know are zero in all."""
    numbers, names = encode(list(np.asarray(found.tags).tolist()))
    if not known:
        if len(names) > MOST_TAGS:
            raise DataError(f"{found.where}: {len(names):,} kinds of nodes are too many ({MOST_TAGS:,}); give numbers as features")
        known = tuple(names)
    place = {name: column for column, name in enumerate(known)}
    columns = np.array([place.get(name, -1) for name in names] + [-1])[numbers]
    strange = int((columns < 0).sum())
    if strange:
        found.notes.append(f"{strange:,} nodes are of no known kind")
    values = np.zeros((found.nodes, len(known)), dtype=np.float32)
    values[np.flatnonzero(columns >= 0), columns[columns >= 0]] = 1.0
    return known, values


def _degrees(nodes: int, pairs: np.ndarray, most: int, known: bool) -> np.ndarray:
    """One column for each number of neighbours; the last stands for as many and more."""
    degree = np.bincount(pairs.ravel(), minlength=nodes)
    width = most if known else min(most, int(degree.max()) + 1)
    return np.eye(width, dtype=np.float32)[np.minimum(degree, width - 1)]


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each feature; 0 and 1 where it is 0 or 1 alone."""
    mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    indicator = np.array([bool(((column == 0) | (column == 1)).all()) for column in values.T])
    mean[indicator], std[indicator] = 0.0, 1.0
    std[std <= 1e-6 * np.maximum(np.abs(mean), 1e-30)] = 1.0
    return mean, std


def _facts(found: Found, level: str, labels: Any, options: ReadOptions) -> Facts:
    names = found.names if level == "node" else found.graph_names
    count = found.nodes if level == "node" else found.graphs
    ids = [str(number) for number in range(count)] if names is None else [str(name) for name in names]
    if len(set(ids)) < len(ids):
        ids = [f"{name} ({number})" for number, name in enumerate(ids)]
    facts = Facts(ids, np.full(count, -1, dtype=np.int64), [], None, list(found.skipped), found.notes)
    given = _no_column(options.labels)
    if labels is not None and given is None:
        facts.labels, facts.classes = encode(np.asarray(labels).tolist(), found.classes)
    return attach(facts, given, _no_column(options.groups))


def _no_column(value: Any) -> Any:
    """Labels or groups that a person gave, unless they are the name of a column, which the reader has used."""
    return None if isinstance(value, str) and not Path(value).expanduser().is_file() and not Path(value).suffix else value
