"""Graphs in memory: Data of PyTorch Geometric, graphs of networkx, and files that networkx reads (GraphML, GEXF, GML)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data.columns import LABEL_NAMES
from selflearn.data.dataset import Skipped
from selflearn.data.graphs.found import Found
from selflearn.errors import DataError, MissingExtraError

FILES = {".graphml": "read_graphml", ".gexf": "read_gexf", ".gml": "read_gml"}


def is_data(source: Any) -> bool:
    """Whether this is a `torch_geometric.data.Data`, without importing it."""
    return type(source).__module__.startswith("torch_geometric") and hasattr(source, "edge_index")


def is_networkx(source: Any) -> bool:
    """Whether this is a graph of networkx, without importing it."""
    return type(source).__module__.startswith("networkx") and hasattr(source, "edges") and hasattr(source, "nodes")


def read_data(graphs: Sequence[Any], where: str) -> Found:
    """One or several `Data`: `x`, `edge_index`, `y`. A `y` with a value a node labels nodes, one of a single value the graph.

    Raises
    ------
    DataError : one without edge_index; some have features and others none, or of another number.
    """
    without = next((number for number, each in enumerate(graphs) if each.edge_index is None), None)
    if without is not None:
        raise DataError(f"{where}, graph {without}: it has no edges (its edge_index is None)")
    sizes = [int(each.num_nodes or 0) for each in graphs]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    ends = [_array(each.edge_index).astype(np.int64).reshape(2, -1) for each in graphs]
    for number, (part, size) in enumerate(zip(ends, sizes, strict=True)):
        if part.size and (part.min() < 0 or part.max() >= size):
            raise DataError(f"{where}, graph {number}: an edge leads to node {part.max()}, and there are {size}")
    features = [None if getattr(each, "x", None) is None else _array(each.x) for each in graphs]
    widths = {None if each is None else each.reshape(len(each), -1).shape[1] for each in features}
    if len(widths) > 1:
        raise DataError(
            f"{where}: graphs must have equally many features a node, not {', '.join(map(str, sorted(widths, key=str)))}"
        )
    values = None if features[0] is None else np.concatenate([each.reshape(len(each), -1) for each in features if each is not None])
    whole = np.concatenate([part + start for part, start in zip(ends, offsets[:-1], strict=True)], axis=1)
    found = Found(where, int(offsets[-1]), whole, values, offsets=offsets if len(graphs) > 1 else None)
    targets = [getattr(each, "y", None) for each in graphs]
    if all(target is not None for target in targets):
        flat = [_array(target).ravel() for target in targets]
        if all(len(each) == size for each, size in zip(flat, sizes, strict=True)):
            found.node_labels = np.concatenate(flat)
        elif all(len(each) == 1 for each in flat):
            found.graph_labels = np.concatenate(flat)
    unused = sum(getattr(each, "edge_attr", None) is not None for each in graphs)
    if unused:
        found.notes.append("what is known of edges (edge_attr) is not used")
    return found


def read_networkx(graphs: Sequence[Any], where: str, names: list[str] | None = None) -> Found:
    """One or several graphs of networkx. What is told of nodes gives their features; an attribute called label, class or the like
    labels them, or names them where each has another (GEXF calls the name so). A graph's own attribute of such a name labels it.
    """
    offsets = np.concatenate([[0], np.cumsum([each.number_of_nodes() for each in graphs])]).astype(np.int64)
    ends: list[np.ndarray] = []
    ids: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, (graph, start) in enumerate(zip(graphs, offsets[:-1], strict=True)):
        place = {node: start + row for row, node in enumerate(graph.nodes)}
        edges = [(place[edge[0]], place[edge[1]]) for edge in graph.edges]
        ends.append(np.array(edges, dtype=np.int64).reshape(-1, 2).T)
        ids += [str(node) if len(graphs) == 1 else f"{number}/{node}" for node in graph.nodes]
        rows += [dict(told) for _, told in graph.nodes(data=True)]
    found = Found(
        where, int(offsets[-1]), np.concatenate(ends, axis=1), offsets=offsets if len(graphs) > 1 else None, names=ids,
        graph_names=names,
    )  # fmt: skip
    label = _label_of({name for row in rows for name in row})
    if label is not None:
        labels = [row.get(label) for row in rows]
        if len({str(each) for each in labels}) == len(rows) > 2:
            found.names = [str(each) for each in labels]
        else:
            found.node_labels = labels
    told = sorted({name for row in rows for name in row} - {label, "_nx_name"}, key=str)
    found.told = {str(name): [row.get(name) for row in rows] for name in told}
    own = _label_of({name for graph in graphs for name in graph.graph})
    if own is not None:
        found.graph_labels = [graph.graph.get(own) for graph in graphs]
    return found


def read_files(paths: Sequence[Path], where: str) -> Found:
    """GraphML, GEXF and GML files, a graph each; of several, damaged ones are skipped.

    Raises
    ------
    MissingExtraError : networkx is not installed.  DataError : not one can be read.
    """
    try:
        import networkx
    except ImportError as error:
        raise MissingExtraError("networkx", "graph", f"read {paths[0].suffix} files") from error
    graphs, names, skipped = [], list[str](), list[Skipped]()
    for path in paths:
        reader: Callable[[Path], Any] = getattr(networkx, FILES[path.suffix.lower()])
        try:
            graphs.append(reader(path))
        except Exception as error:  # networkx and its parsers raise a dozen kinds for a damaged file
            skipped.append(Skipped(path.name, f"it cannot be read as a graph: {error}"))
        else:
            names.append(path.stem)
    if not graphs:
        others = f" ({len(paths)} files like it)" if len(paths) > 1 else ""
        raise DataError(f"{paths[0]}: {skipped[0].why}{others}")
    found = read_networkx(graphs, where, names)
    found.skipped = skipped
    return found


def _label_of(names: set[Any]) -> Any:
    lower = {str(name).lower(): name for name in names}
    return next((lower[name] for name in LABEL_NAMES if name in lower), None)


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
