"""The numbers that nodes are known by: what is told of them, their kind, or how many neighbours they have."""

from __future__ import annotations

from typing import Literal

import numpy as np

from selflearn.data.graphs.attributes import as_features, describe, differences
from selflearn.data.graphs.found import Found
from selflearn.data.graphs.options import GraphReading
from selflearn.data.graphs.spec import Attribute, GraphSpec
from selflearn.data.labels import encode
from selflearn.errors import DataError

WHOLE = 20_000
"""Nodes (or a twentieth of as many edges) up to which a batch is all of the graph: an update on it takes a second on one core."""
FANOUT = 15
MOST_DEGREES = 64
MOST_TAGS = 2_000

Origin = Literal["given", "tags", "degree", "given and tags"]


def features(
    found: Found, pairs: np.ndarray, level: Literal["node", "graph"], reading: GraphReading, like: GraphSpec | None
) -> tuple[np.ndarray, GraphSpec]:
    """The features of all nodes, and the spec they have; or those that an encoder knows."""
    if like is not None:
        return _known_features(found, pairs, like), like
    values, attributes = _given(found)
    if found.tags is not None and len(np.unique(found.tags)) == 1:
        found.tags = None  # one kind of node says nothing
    parts = [] if values is None else [_without_gaps(values, found)]
    tags: tuple[str, ...] = ()
    if found.tags is not None:
        tags, columns = _one_hot(found, tags)
        parts.append(columns)
    origin: Origin = "given and tags" if len(parts) == 2 else "tags" if tags else "given"
    if not parts:
        parts, origin = [_degrees(found.nodes, pairs, MOST_DEGREES, known=False)], "degree"
        found.notes.append("nodes have no features of their own: how many neighbours each has is taken")
    values = np.concatenate(parts, axis=1)
    mean, std = _moments(values)
    spec = GraphSpec(
        level=level,
        features=values.shape[1],
        origin=origin,
        attributes=attributes,
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


def _known_features(found: Found, pairs: np.ndarray, like: GraphSpec) -> np.ndarray:
    """The features that an encoder reads.

    Raises
    ------
    DataError : the nodes have none, or others.
    """
    if like.origin == "degree":
        if found.values is not None or found.told or found.tags is not None:
            found.notes.append("the encoder knows nodes by how many neighbours they have: what else is told of them is not read")
        return _degrees(found.nodes, pairs, like.features, known=True)
    values, _ = _given(found, like)
    parts = [] if values is None else [_without_gaps(values, found, like)]
    if found.tags is not None and like.tags:
        parts.append(_one_hot(found, like.tags)[1])
    width = sum(each.shape[1] for each in parts)
    if width != like.features:
        names = list(dict.fromkeys(each.name for each in like.attributes))[:3]
        such = f", such as {' and '.join(names)}" if names else ""
        has = f"{width:,}" if width else "none"
        raise DataError(f"the encoder reads {like.features:,} features of a node{such}, and {found.where} has {has}")
    return np.concatenate(parts, axis=1)


def _given(found: Found, like: GraphSpec | None = None) -> tuple[np.ndarray | None, tuple[Attribute, ...]]:
    """Features that the source gives, NaN where one is missing, and where each comes from if that has a name."""
    if not found.told:
        return found.values, ()
    wanted, left = describe(found.told) if like is None else (like.attributes, [])
    if left:
        found.notes.append(f"attributes of nodes that are not used: {', '.join(left[:5])}")
    if like is not None and wanted:
        found.notes += differences(found.told, wanted, found.where)
    elif like is not None:
        wanted = describe(found.told)[0]
    return (as_features(found.told, wanted, found.nodes) if wanted else None), wanted


def _fanout(nodes: int, edges: int, reading: GraphReading) -> int:
    if reading.fanout is not None:
        return reading.fanout
    return 0 if nodes <= WHOLE and edges <= 20 * WHOLE else FANOUT


def _without_gaps(given: np.ndarray, found: Found, like: GraphSpec | None = None) -> np.ndarray:
    """Features with their mean where one is missing: the mean of these nodes, or of those that an encoder learned from."""
    values = np.asarray(given)
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
        if like is not None and len(like.mean) >= values.shape[1]:
            mean = np.array(like.mean[: values.shape[1]])
        values = np.where(gone, mean, values).astype(np.float32)
        found.notes.append(f"{int(gone.sum()):,} missing or infinite features are at the mean of their column")
        if (empty := int((counts == 0).sum())) and like is None:
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
