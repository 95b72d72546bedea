"""What every reader of graphs gives: nodes and edges as they stood in the source. `prepare` cleans them and makes samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from selflearn.data.dataset import Skipped


@dataclass
class Found:
    """Graphs as they stood in the source.

    Attributes
    ----------
    where : the source in a few words, for messages.
    nodes : how many there are in all.
    ends : (2, edges) int64, the nodes that each edge joins, numbered over all graphs; once or in both directions.
    values : (nodes, features) numbers, NaN where one is missing; None where nodes have none.
    tags : (nodes,) the kind of each node, or None.
    offsets : (graphs + 1,) where the nodes of each graph begin; None for one graph.
    names : of the nodes; None where they have none but their numbers.
    graph_names : of the graphs, likewise.
    node_labels, graph_labels : one raw value each, or None.
    classes : names of the classes 0, 1, ... where the source gives them.
    labelled : True where the reader took the column of labels that a person named.
    told : what is told of nodes by name, in place of `values`: numbers, words or arrays, one a node each.
    """

    where: str
    nodes: int
    ends: np.ndarray
    values: np.ndarray | None = None
    tags: np.ndarray | None = None
    offsets: np.ndarray | None = None
    names: list[str] | None = None
    graph_names: list[str] | None = None
    node_labels: Sequence[Any] | np.ndarray | None = None
    graph_labels: Sequence[Any] | np.ndarray | None = None
    classes: list[str] | None = None
    labelled: bool = False
    told: dict[str, Sequence[Any]] | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def graphs(self) -> int:
        """How many."""
        return 1 if self.offsets is None else len(self.offsets) - 1
