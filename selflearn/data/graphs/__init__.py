"""Graphs: recognising and reading them, from wherever they lie. One file a family of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selflearn.data.graphs import archives, objects, tables, tu
from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.found import Found
from selflearn.data.graphs.options import GraphReading
from selflearn.data.graphs.prepare import prepare
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.store import Graphs, Nodes
from selflearn.data.headers import shapes_of
from selflearn.data.options import ReadOptions, Recognition, kind_options
from selflearn.errors import DataError

__all__ = ["GraphBatch", "GraphReading", "GraphSpec", "Graphs", "Nodes", "read", "recognise", "spec_class"]

spec_class = GraphSpec
KNOWN = (
    ".npz archives with edges, folders of the TU format, tables of edges (CSV, Parquet, .edgelist) with or without one of nodes, "
    "GraphML, GEXF and GML files, Data of PyTorch Geometric, graphs of networkx"
)


def recognise(source: Any) -> Recognition | None:
    """Whether a source holds graphs, judged by names, headers and types."""
    certainty, why = _judge(source)
    return Recognition("graph", certainty, why) if certainty > 0 else None


def read(source: Any, options: ReadOptions) -> Nodes | Graphs:
    """Read graphs from any source that `recognise` knows.

    Edges count both ways, once; those from a node to itself and to nodes that do not exist are dropped and counted.

    Raises
    ------
    DataError : no edges; an option that is unknown or does not fit; a damaged file.
    MissingExtraError : a GraphML, GEXF or GML file, and networkx is not installed.
    """
    reading = kind_options(GraphReading, options)
    return prepare(_find(source, reading, options), reading, options)


def _find(source: Any, reading: GraphReading, options: ReadOptions) -> Found:
    if isinstance(source, str | Path):
        return _find_path(Path(source).expanduser(), reading, options)
    if objects.is_data(source):
        return objects.read_data([source], "the graph")
    if objects.is_networkx(source):
        return objects.read_networkx([source], "the graph")
    listed = _listed(source)
    if listed and all(objects.is_data(each) for each in listed):
        return objects.read_data(listed, "the list of graphs")
    if listed and all(objects.is_networkx(each) for each in listed):
        return objects.read_networkx(listed, "the list of graphs")
    if isinstance(source, dict):
        return archives.of_arrays("the arrays", source)
    raise DataError(f"{type(source).__name__} is no graph; graphs are read from {KNOWN}")


def _find_path(path: Path, reading: GraphReading, options: ReadOptions) -> Found:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _find_folder(path, reading, options)
    if suffix == ".npz":
        return archives.read_archive(path)
    if suffix in objects.FILES:
        return objects.read_files([path], str(path))
    if suffix in tables.SUFFIXES | tables.PLAIN:
        return tables.read_edges(path, reading.nodes, options)
    raise DataError(f"{path} is no graph; graphs are read from {KNOWN}")


def _find_folder(path: Path, reading: GraphReading, options: ReadOptions) -> Found:
    if tu.stem_of(path) is not None:
        return tu.read_folder(path)
    drawn = _graph_files(path)
    if drawn:
        return objects.read_files(drawn, str(path))
    edges = tables.edge_table(path)
    if edges is None:
        raise DataError(f"the folder {path} holds no graph; graphs are read from {KNOWN}")
    return tables.read_edges(edges, reading.nodes, options)


def _graph_files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.suffix.lower() in objects.FILES and each.is_file())


def _listed(source: Any) -> list[Any]:
    """The members of a list, or of a data set of PyTorch Geometric."""
    if isinstance(source, list | tuple):
        return list(source)
    if type(source).__module__.startswith("torch_geometric") and hasattr(source, "__len__") and hasattr(source, "__getitem__"):
        return [source[number] for number in range(len(source))]
    return []


def _judge(source: Any) -> tuple[float, str]:
    if isinstance(source, str | Path):
        return _judge_path(Path(source).expanduser())
    if objects.is_data(source) or objects.is_networkx(source):
        return 1.0, f"it is a graph of {type(source).__module__.split('.')[0]}"
    listed = _listed(source)
    if listed and all(objects.is_data(each) or objects.is_networkx(each) for each in listed[:20]):
        return 1.0, f"it is a list of {len(listed):,} graphs"
    if isinstance(source, dict):
        return archives.judge({str(name): (each.shape, each.dtype) for name, each in source.items() if hasattr(each, "dtype")})
    return 0.0, ""


def _judge_path(path: Path) -> tuple[float, str]:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _judge_folder(path)
    if suffix == ".npz":
        return archives.judge(shapes_of(path))
    if suffix in objects.FILES or suffix in tables.PLAIN:
        return 0.95, f"{suffix} is a format of graphs"
    if suffix in tables.SUFFIXES:
        ends = tables.narrow_ends(path)
        return (0.9, f"its columns {ends[0]!r} and {ends[1]!r} name the ends of edges") if ends is not None else (0.0, "")
    return 0.0, ""


def _judge_folder(path: Path) -> tuple[float, str]:
    try:
        stem = tu.stem_of(path)
        if stem is not None:
            return 0.99, f"it holds {stem}_A.txt and {stem}_graph_indicator.txt, as the TU data sets do"
        drawn = _graph_files(path)
        if drawn:
            return 0.95, f"it holds {len(drawn)} files of graphs ({drawn[0].name} ...)"
        edges = tables.edge_table(path)
    except OSError:
        return 0.0, ""
    if edges is None:
        return 0.0, ""
    return 0.92, f"{edges.name} names the ends of edges"
