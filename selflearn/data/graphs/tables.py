"""Edge lists as tables (CSV, Parquet, plain text), with the features of nodes in a table or array of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from selflearn.data.columns import ID_NAMES, LABEL_NAMES, Columns, find_column, named_column, read_columns
from selflearn.data.graphs.attributes import text
from selflearn.data.graphs.found import Found
from selflearn.data.headers import load_arrays
from selflearn.data.options import ReadOptions
from selflearn.errors import DataError

ENDS = (
    ("source", "target"), ("src", "dst"), ("from", "to"), ("from_node", "to_node"), ("source_id", "target_id"), ("node1", "node2"),
    ("node_1", "node_2"), ("head", "tail"), ("u", "v"), ("citing", "cited"),
)  # fmt: skip
SUFFIXES = {".csv", ".tsv", ".parquet", ".pq"}
PLAIN = {".edges", ".edgelist", ".el"}
_NODE_IDS = ("id", "node", "node_id", "nodeid", *ID_NAMES)
_NODE_FILES = ("nodes", "node_features", "features", "node", "attributes")
MOST_COLUMNS = 5


def ends_of(names: Sequence[str]) -> tuple[str, str] | None:
    """The two columns of a table that name the nodes of an edge."""
    for first, second in ENDS:
        one, two = find_column(names, (first,)), find_column(names, (second,))
        if one is not None and two is not None:
            return one, two
    return None


def narrow_ends(path: Path) -> tuple[str, str] | None:
    """These columns, of a table that has little else: one of many columns has a `from` and a `to` without being a graph."""
    names = header(path)
    return ends_of(names) if len(names) <= MOST_COLUMNS else None


def header(path: Path) -> list[str]:
    """The names of the columns of a table, without reading it; none where it cannot be read."""
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            import pyarrow.parquet as pq

            return [str(name) for name in pq.read_schema(path).names]
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline(1 << 16)
        return [name.strip().strip('"') for name in line.rstrip("\r\n").split(max(",;\t", key=line.count))]
    except (OSError, ValueError):
        return []


def edge_table(folder: Path) -> Path | None:
    """The table of edges in a folder that also has something of nodes."""
    tables = sorted(each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES | PLAIN and each.is_file())
    edges = [each for each in tables if each.suffix.lower() in PLAIN or narrow_ends(each) is not None]
    named = [each for each in edges if "edge" in each.stem.lower()]
    return next(iter(named or edges), None)


def read_edges(path: Path, nodes: str | Path | None, options: ReadOptions) -> Found:
    """A graph from a table of edges, and what is told of its nodes, if anything.

    Parameters
    ----------
    path : of the edges.
    nodes : of the nodes; None looks for nodes.csv, features.npy or the like beside the edges.

    Raises
    ------
    DataError : no columns that name two nodes; a node twice; features that are no numbers.
    """
    first, second = _plain_edges(path) if path.suffix.lower() in PLAIN else _table_edges(path)
    beside = Path(nodes).expanduser() if nodes is not None else _node_file(path)
    if beside is not None and not beside.is_file():
        raise DataError(f"there is no file {str(beside)!r} of nodes")
    if beside is None or beside.suffix.lower() in {".npy", ".npz"}:
        return _numbered(path, first, second, beside)
    return _named(path, first, second, beside, options)


def _table_edges(path: Path) -> tuple[list[str], list[str]]:
    columns = read_columns(path)
    names = ends_of(list(columns))
    if names is None:
        raise DataError(
            f"{path} has no two columns that name the nodes of an edge (such as source and target, from and to); "
            f"it has {', '.join(columns)}"
        )
    return [text(each) for each in columns[names[0]]], [text(each) for each in columns[names[1]]]


def _plain_edges(path: Path) -> tuple[list[str], list[str]]:
    """Lines of two nodes with spaces, tabs or commas between; lines that begin with # or % are comments."""
    first, second = [], []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text: {error}") from error
    for number, line in enumerate(lines, start=1):
        parts = line.replace(",", " ").split()
        if not parts or line.startswith(("#", "%")):
            continue
        if len(parts) < 2:
            raise DataError(f"{path}, line {number}: an edge names two nodes, and here stands {line.strip()!r}")
        first.append(parts[0])
        second.append(parts[1])
    return first, second


def _node_file(path: Path) -> Path | None:
    files = sorted(each for each in path.parent.iterdir() if each != path and each.suffix.lower() in SUFFIXES | {".npy", ".npz"})
    return next((each for name in _NODE_FILES for each in files if each.stem.lower() == name), None)


def _numbered(path: Path, first: list[str], second: list[str], beside: Path | None) -> Found:
    """Nodes are numbers, counted from 0 where an array has a row for each; or names, where nothing is known of them."""
    if beside is None:
        names = sorted({*first, *second}, key=_order)
        place = {name: number for number, name in enumerate(names)}
        return Found(str(path), len(names), _placed(first, second, place), names=names)
    from selflearn.data.graphs.archives import FEATURES, LABELS

    arrays = load_arrays(beside)
    arrays = {"x": arrays["values"]} if beside.suffix.lower() == ".npy" else arrays
    values = next((arrays[name] for name in FEATURES if name in arrays), None)
    if values is None:
        raise DataError(f"{beside} has no array of features ({', '.join(FEATURES[:4])}); it has {', '.join(arrays)}")
    try:
        ends = np.array([[int(float(each)) for each in side] for side in (first, second)], dtype=np.int64)
    except ValueError as error:
        raise DataError(f"{path}: nodes must be numbers of rows of {beside.name}, counted from 0: {error}") from error
    labels = next((arrays[name] for name in LABELS if name in arrays and len(arrays[name]) == len(values)), None)
    return Found(str(path), len(values), ends, values, node_labels=labels)


def _named(path: Path, first: list[str], second: list[str], beside: Path, options: ReadOptions) -> Found:
    """Nodes are rows of a table, known by its column of ids."""
    columns = read_columns(beside)
    key = find_column(columns, _NODE_IDS)
    names = (
        [text(each) for each in columns[key]] if key is not None else [str(row) for row in range(len(next(iter(columns.values()))))]
    )
    place = {name: number for number, name in enumerate(names)}
    if len(place) < len(names):
        twice = next(name for number, name in enumerate(names) if place[name] != number)
        raise DataError(f"{beside} has the node {twice!r} more than once; each needs a name of its own")
    label = _label_column(columns, options)
    found = Found(str(path), len(names), _placed(first, second, place), names=names)
    found.told = {name: column for name, column in columns.items() if name not in {key, label}}
    found.node_labels, found.labelled = None if label is None else columns[label], label is not None
    return found


def _label_column(columns: Columns, options: ReadOptions) -> str | None:
    given = options.labels
    if isinstance(given, str) and not Path(given).suffix and not Path(given).expanduser().is_file():
        return named_column(columns, given, "labels")
    return find_column(columns, LABEL_NAMES)


def _placed(first: list[str], second: list[str], place: dict[str, int]) -> np.ndarray:
    """(2, edges) numbers of nodes, -1 for one that does not exist."""
    return np.array([[place.get(name, -1) for name in side] for side in (first, second)], dtype=np.int64).reshape(2, -1)


def _order(name: str) -> tuple[int, float, str]:
    """Numbers by size, then words."""
    try:
        return 0, float(name), ""
    except ValueError:
        return 1, 0.0, name
