"""Edges as they are used: each once, in both directions, between two nodes that exist. What is dropped is counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selflearn.data.graphs.found import Found
from selflearn.errors import DataError


@dataclass(frozen=True)
class Edges:
    """`pairs` (2, edges) int64 with the smaller node first, sorted; and what a person should be told."""

    pairs: np.ndarray
    notes: list[str]


def clean(found: Found) -> Edges:
    """The edges of a source without what cannot be one.

    Raises
    ------
    DataError : nothing is left; says why.
    """
    ends, notes = np.asarray(found.ends, dtype=np.int64).reshape(2, -1), []
    given = ends.shape[1]
    there = ((ends >= 0) & (ends < found.nodes)).all(axis=0)
    if missing := int((~there).sum()):
        first = ends[:, np.argmin(there)]
        notes.append(
            f"{missing:,} of {given:,} edges lead to nodes that do not exist and are left out; the first joins {first[0]} and "
            f"{first[1]}, where nodes are numbered 0 to {found.nodes - 1:,}"
        )
    ends = ends[:, there]
    loops = ends[0] == ends[1]
    if loops.any():
        notes.append(f"{int(loops.sum()):,} edges from a node to itself are left out: encoders add one to every node")
    ends = ends[:, ~loops]
    if found.offsets is not None:
        graph = np.searchsorted(found.offsets, ends, side="right")
        between = graph[0] != graph[1]
        if between.any():
            notes.append(f"{int(between.sum()):,} edges between different graphs are left out")
        ends = ends[:, ~between]
    if not ends.shape[1]:
        why = "; ".join(notes) if notes else "it has none"
        raise DataError(
            f"{found.where} has no edges to learn from ({why}). Nodes without edges are rows of a table: "
            "read their features with --kind table"
        )
    low, high = ends.min(axis=0), ends.max(axis=0)
    codes = np.unique(low * np.int64(found.nodes) + high)
    forward = np.unique(ends[0] * np.int64(found.nodes) + ends[1])
    if 0 < len(forward) - len(codes) < len(codes):  # some edges have their way back and some have not: directions meant something
        notes.append("edges are taken in both directions")
    if repeated := ends.shape[1] - len(forward):
        notes.append(f"{repeated:,} edges stood more than once")
    pairs = np.stack([codes // found.nodes, codes % found.nodes])
    return Edges(pairs, notes)
