"""The graph around some of its nodes, for graphs that are too large to be encoded whole at every step.

Hamilton et al., "Inductive Representation Learning on Large Graphs" (GraphSAGE), 2017: a node is encoded from a fixed number
of its neighbours and of theirs. Which neighbours of a node are taken is drawn once, so that a batch is a function of its nodes
alone; views leave other edges out at every step. Nodes at the rim of a batch have fewer neighbours than in the
graph, and edges that one sample followed are there for another, so an embedding depends a little on what is embedded with it.
"""

from __future__ import annotations

import numpy as np


class Neighbourhoods:
    """Finds what lies around nodes.

    Parameters
    ----------
    pairs : (2, edges) int64, every edge once.
    nodes : how many there are.
    hops : how far to go.
    fanout : neighbours of each node that are followed; all of a node that has fewer.
    seed : of the draw.
    """

    def __init__(self, pairs: np.ndarray, nodes: int, hops: int, fanout: int, seed: int = 0) -> None:
        self.hops, self.nodes = hops, nodes
        ends = np.concatenate([pairs, pairs[::-1]], axis=1)
        order = np.lexsort((np.random.default_rng(seed).random(ends.shape[1]), ends[0]))
        degree = np.bincount(ends[0], minlength=nodes)
        starts = np.cumsum(degree) - degree
        rank = np.arange(ends.shape[1]) - np.repeat(starts, degree)
        self.targets = ends[1][order][rank < fanout]
        self.counts = np.minimum(degree, fanout)
        self.starts = np.cumsum(self.counts) - self.counts

    def around(self, seeds: np.ndarray, hops: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The nodes within reach of `seeds`, sorted, and the edges that were followed, as (2, edges) places among them."""
        known = np.zeros(self.nodes, dtype=bool)
        known[seeds] = True
        front, codes = np.unique(seeds), [np.empty(0, dtype=np.int64)]
        for _ in range(self.hops if hops is None else hops):
            counts = self.counts[front]
            origin = np.repeat(front, counts)
            steps = np.arange(len(origin)) - np.repeat(np.cumsum(counts) - counts, counts)
            reached = self.targets[self.starts[origin] + steps]
            codes.append(np.minimum(origin, reached) * np.int64(self.nodes) + np.maximum(origin, reached))
            front = np.unique(reached[~known[reached]])
            known[front] = True
        nodes = np.flatnonzero(known)
        pairs = np.unique(np.concatenate(codes))
        return nodes, np.searchsorted(nodes, np.stack([pairs // self.nodes, pairs % self.nodes]))
