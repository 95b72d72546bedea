"""Graphs in .npz archives: edges beside the features of nodes, one graph or many end to end. Pickled objects are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.graphs.found import Found
from selflearn.data.headers import Shapes, load_arrays
from selflearn.data.options import free_memory
from selflearn.errors import DataError

EDGES = ("edges", "edge_index", "edge_list", "pairs")
FEATURES = ("features", "feature", "feat", "feats", "x", "node_features", "node_feat", "node_attr", "node_attributes")
LABELS = ("labels", "label", "y", "targets", "target", "classes")
NODE_LABELS = ("node_labels", "node_label", "node_y")
TAGS = ("node_tag", "node_tags", "node_type", "node_types", "tags")
OFFSETS = ("node_offsets", "graph_offsets", "ptr", "offsets")
INDICATORS = ("graph_indicator", "graph_index", "batch")
CLASSES = ("class_names", "label_names")
_SPARSE = ("data", "indices", "indptr", "shape")


def judge(shapes: Shapes) -> tuple[float, str]:
    """How certain it is that an archive holds graphs, and why."""
    edges = _first(shapes, EDGES)
    if edges is not None and _is_edges(*shapes[edges]):
        count = max(shapes[edges][0])
        beside = _first(shapes, (*FEATURES, *TAGS, *OFFSETS))
        if beside is not None:
            return 0.97, f"it holds {count:,} edges ({edges!r}) beside {beside!r} of nodes"
        return 0.85, f"it holds {count:,} edges ({edges!r})"
    if all(f"adj_{part}" in shapes or f"adj_matrix.{part}" in shapes for part in _SPARSE):
        return 0.95, "it holds a sparse matrix of which node is joined to which"
    return 0.0, ""


def read_archive(path: Path) -> Found:
    """Graphs from an archive; names as in the tables above.

    Raises
    ------
    DataError : damaged, or arrays that do not fit together; names them.
    """
    return of_arrays(str(path), load_arrays(path))


def of_arrays(where: str, arrays: Mapping[str, np.ndarray]) -> Found:
    """Graphs from named arrays."""
    edges = _first(arrays, EDGES)
    ends = _ends(arrays[edges], where, edges) if edges is not None else _sparse_edges(arrays, where)
    values, tags = _pick(arrays, FEATURES), _pick(arrays, TAGS)
    values = _sparse_values(arrays) if values is None else values
    indicator, offsets = _pick(arrays, INDICATORS), _pick(arrays, OFFSETS)
    nodes = _count(ends, values, tags, indicator, offsets)
    for name, each in (("features", values), ("kinds", tags), ("the graph of each", indicator)):
        if each is not None and len(each) != nodes:
            raise DataError(f"{where}: {len(each):,} {name} for {nodes:,} nodes; there must be one row each")
    if offsets is None and indicator is not None:
        ends, values, tags, offsets = by_graph(indicator, ends, values, tags)
    if offsets is not None:
        offsets = np.asarray(offsets, dtype=np.int64)
        if offsets.ndim != 1 or len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != nodes or (np.diff(offsets) < 0).any():
            raise DataError(f"{where}: the offsets of its graphs must rise from 0 to the number of nodes, {nodes:,}")
    found = Found(where, nodes, ends, values, tags, offsets)
    if nodes > ends.size and all(each is None for each in (values, tags, offsets)):
        _number_anew(found)
    classes = _pick(arrays, CLASSES)
    found.classes = None if classes is None else [str(each) for each in classes]
    _take_labels(found, arrays)
    return found


def _number_anew(found: Found) -> None:
    """Nodes with numbers that lie far apart, such as those of customers, are those alone that an edge names."""
    numbers, place = np.unique(found.ends, return_inverse=True)
    found.nodes, found.ends, found.names = len(numbers), place.reshape(2, -1), [str(each) for each in numbers]
    found.notes.append(f"the numbers of nodes lie far apart: the {len(numbers):,} that edges name are taken")


def by_graph(
    indicator: np.ndarray, ends: np.ndarray, values: np.ndarray | None, tags: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, np.ndarray]:
    """Everything in the order of the graphs, and where each begins."""
    numbers, which = np.unique(np.asarray(indicator), return_inverse=True)
    order = np.argsort(which, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(which, minlength=len(numbers)))])
    if not (order == np.arange(len(order))).all():
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        ends = place[np.where((ends >= 0) & (ends < len(order)), ends, -1)]
        values = None if values is None else values[order]
        tags = None if tags is None else tags[order]
    return ends, values, tags, offsets


def _take_labels(found: Found, arrays: Mapping[str, np.ndarray]) -> None:
    found.node_labels = _pick(arrays, NODE_LABELS, found.nodes)
    if found.graphs > 1:
        found.graph_labels = _pick(arrays, LABELS, found.graphs)
    if found.node_labels is None:
        found.node_labels = _pick(arrays, LABELS, found.nodes)


def _count(ends: np.ndarray, values: Any, tags: Any, indicator: Any, offsets: Any) -> int:
    """How many nodes there are: as many as have features; else as the edges name."""
    for each in (values, tags, indicator):
        if each is not None:
            return len(each)
    if offsets is not None and np.size(offsets):
        return int(np.max(offsets))
    return int(ends.max(initial=-1)) + 1


def _is_edges(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return len(shape) == 2 and 2 in shape and dtype.kind in "iu"


def _ends(array: np.ndarray, where: str, name: str) -> np.ndarray:
    if not _is_edges(array.shape, array.dtype):
        raise DataError(f"{where}: {name} must be whole numbers of shape (2, edges), not {array.dtype} of {array.shape}")
    return (array if array.shape[0] == 2 else array.T).astype(np.int64)


def _sparse_edges(arrays: Mapping[str, np.ndarray], where: str) -> np.ndarray:
    matrix = _sparse(arrays, ("adj_", "adj_matrix."))
    if matrix is None:
        raise DataError(f"{where}: there is no array of edges ({', '.join(EDGES)}); it has {', '.join(arrays)}")
    found = matrix.tocoo()
    return np.stack([found.row, found.col]).astype(np.int64)


def _sparse_values(arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    matrix = _sparse(arrays, ("attr_", "attr_matrix.", "feature_"))
    if matrix is None:
        return None
    size = 4 * matrix.shape[0] * matrix.shape[1]
    if size > free_memory() // 2:
        raise DataError(
            f"{matrix.shape[1]:,} features of {matrix.shape[0]:,} nodes take {size / 1e9:.1f} GB, and {free_memory() / 1e9:.1f} "
            "GB are free; leave out rare features"
        )
    return np.asarray(matrix.toarray(), dtype=np.float32)


def _sparse(arrays: Mapping[str, np.ndarray], prefixes: tuple[str, ...]) -> Any:
    """A matrix of compressed rows, as four arrays."""
    from scipy.sparse import csr_matrix

    for prefix in prefixes:
        if all(f"{prefix}{part}" in arrays for part in _SPARSE):
            data, indices, indptr, shape = (arrays[f"{prefix}{part}"] for part in _SPARSE)
            try:
                matrix = csr_matrix((data, indices, indptr), shape=tuple(int(each) for each in shape))
                matrix.check_format()
            except ValueError as error:
                raise DataError(f"the matrix {prefix}* is damaged: {error}") from error
            return matrix
    return None


def _first(names: Mapping[str, Any], wanted: tuple[str, ...]) -> str | None:
    lower = {name.lower(): name for name in names}
    return next((lower[name] for name in wanted if name in lower), None)


def _pick(arrays: Mapping[str, np.ndarray], wanted: tuple[str, ...], count: int | None = None) -> np.ndarray | None:
    """The first array of these names, of so many rows if told."""
    lower = {name.lower(): each for name, each in arrays.items()}
    return next((lower[name] for name in wanted if name in lower and (count is None or len(lower[name]) == count)), None)
