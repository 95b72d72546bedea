"""Folders in the format of the TU data sets: DS_A.txt, DS_graph_indicator.txt and what may lie beside them; nodes count from 1.

Morris et al., "TUDataset: A collection of benchmark datasets for learning with graphs", 2020.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from selflearn.data.graphs.archives import by_graph
from selflearn.data.graphs.found import Found
from selflearn.errors import DataError


def stem_of(folder: Path) -> str | None:
    """The name DS of the data set in a folder, or None where it is of another kind."""
    found = sorted(each.name[: -len("_A.txt")] for each in folder.glob("*_A.txt"))
    return next((name for name in found if (folder / f"{name}_graph_indicator.txt").is_file()), None)


def read_folder(folder: Path) -> Found:
    """The graphs of such a folder.

    Raises
    ------
    DataError : a file that is not of numbers, or with another number of rows than there are nodes or graphs.
    """
    stem = stem_of(folder)
    if stem is None:
        raise DataError(f"{folder} has no pair of files NAME_A.txt and NAME_graph_indicator.txt")
    ends = _numbers(folder / f"{stem}_A.txt").astype(np.int64).T - 1
    if ends.shape[0] != 2:
        raise DataError(f"{folder / f'{stem}_A.txt'}: each line must hold two nodes, not {ends.shape[0]}")
    indicator = _column(folder / f"{stem}_graph_indicator.txt")
    values = _beside(folder, stem, "node_attributes", len(indicator))
    tags = _beside(folder, stem, "node_labels", len(indicator))
    kinds = None if tags is None else _joined(tags)
    ends, values, kinds, offsets = by_graph(indicator, ends, values, kinds)
    graphs = len(offsets) - 1
    labels = _beside(folder, stem, "graph_labels", graphs)
    found = Found(str(folder), len(indicator), ends, values, kinds, offsets)
    found.graph_labels = None if labels is None else labels[:, 0]
    if found.graph_labels is not None and set(np.unique(found.graph_labels)) == {-1.0, 1.0}:
        found.graph_labels = (found.graph_labels > 0).astype(np.int64)  # -1 is a class here, and elsewhere nobody knows
        found.classes = ["-1", "1"]
    unused = [name for name in ("edge_labels", "edge_attributes") if (folder / f"{stem}_{name}.txt").is_file()]
    if unused:
        found.notes.append(f"what is known of edges is not used: {', '.join(unused)}")
    return found


def _joined(tags: np.ndarray) -> np.ndarray:
    """(nodes,) one kind a node, where several columns tell it."""
    whole = tags.astype(np.int64)
    return whole[:, 0] if whole.shape[1] == 1 else np.unique(whole, axis=0, return_inverse=True)[1].ravel()


def _beside(folder: Path, stem: str, name: str, rows: int) -> np.ndarray | None:
    path = folder / f"{stem}_{name}.txt"
    if not path.is_file():
        return None
    found = _numbers(path)
    if len(found) != rows:
        raise DataError(f"{path} has {len(found):,} rows, where there are {rows:,} {'nodes' if 'node' in name else 'graphs'}")
    return found


def _column(path: Path) -> np.ndarray:
    return _numbers(path)[:, 0].astype(np.int64)


def _numbers(path: Path) -> np.ndarray:
    """(rows, columns) of a text file with commas."""
    try:
        found = np.loadtxt(path, delimiter=",", ndmin=2, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as numbers with commas between them: {error}") from error
    if not len(found):
        raise DataError(f"{path} is empty")
    return found
