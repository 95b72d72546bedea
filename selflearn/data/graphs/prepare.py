"""From what a reader found to a data set: the level, clean edges, features without gaps, labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from selflearn.data.dataset import Facts, Skipped
from selflearn.data.graphs.edges import clean
from selflearn.data.graphs.features import features
from selflearn.data.graphs.found import Found
from selflearn.data.graphs.options import GraphReading
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.store import Graphs, Nodes
from selflearn.data.labels import attach, encode, take
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError


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
    named = _named_attributes(found, level, options)
    labels = found.node_labels if level == "node" else found.graph_labels
    if level == "node" and labels is None and found.tags is not None and found.values is not None:
        labels, found.tags = found.tags, None
    values, spec = features(found, cleaned.pairs, level, reading, like)
    facts = _facts(found, level, labels, named)
    if level == "node":
        if not spec.fanout:
            found.notes.append("every batch holds the whole graph: nodes held out stay in it as neighbours, never as samples")
        return Nodes(spec, facts, values, cleaned.pairs)
    assert found.offsets is not None
    empty = np.flatnonzero(np.diff(found.offsets) == 0)
    if len(empty):
        skipped = [Skipped(facts.ids[number], "the graph has no nodes") for number in empty]
        facts = take(facts, np.flatnonzero(np.diff(found.offsets) > 0))
        facts = replace(facts, skipped=[*facts.skipped, *skipped])
    return Graphs(spec, facts, values, cleaned.pairs, _ends(found.offsets))


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
        edges = np.add.reduceat(joined, _ends(found.offsets)[:-1])
        if (edges == 0).any():
            found.notes.append(f"{int((edges == 0).sum()):,} of {len(edges):,} graphs have no edges")


def _ends(offsets: np.ndarray) -> np.ndarray:
    """Where graphs begin and end, those without nodes left out."""
    return np.unique(np.asarray(offsets, dtype=np.int64))


def _named_attributes(found: Found, level: str, options: ReadOptions) -> tuple[Any, Any]:
    """Labels and groups as a person gave them, but those that name attributes of nodes are taken there, and are no features."""
    labels, groups = options.labels, options.groups
    if found.labelled and isinstance(labels, str) and not Path(labels).expanduser().is_file():
        labels = None
    told = found.told if level == "node" and found.told is not None else {}
    if isinstance(labels, str) and labels in told:
        found.node_labels, labels = told.pop(labels), None
    if isinstance(groups, str) and groups in told:
        groups = [str(each) for each in told.pop(groups)]
    return labels, groups


def _facts(found: Found, level: str, labels: Any, named: tuple[Any, Any]) -> Facts:
    names = found.names if level == "node" else found.graph_names
    count = found.nodes if level == "node" else found.graphs
    ids = [str(number) for number in range(count)] if names is None else [str(name) for name in names]
    if len(set(ids)) < len(ids):
        ids = [f"{name} ({number})" for number, name in enumerate(ids)]
    facts = Facts(ids, np.full(count, -1, dtype=np.int64), [], None, list(found.skipped), found.notes)
    given, groups = named
    if labels is not None and given is None:
        facts.labels, facts.classes = encode(np.asarray(labels).tolist(), found.classes)
    return attach(facts, given, groups)
