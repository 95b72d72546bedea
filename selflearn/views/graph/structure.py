"""Changes of which nodes there are and how far they reach: subgraphs by random walks, and diffusion."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.statistics import degrees
from selflearn.views import checks
from selflearn.views.graph.changes import GraphView, share, with_one_each

MOST_STEPS = 256
"""Steps of a walk through a large graph; what it has not met by then is filled up at random."""


class Subgraph(GraphView):
    """What random walks from a node of each graph, or from every sample at node level, come by.

    Qiu et al., "GCC: Graph Contrastive Coding for Graph Neural Network Pre-Training", 2020; You et al., "Graph Contrastive Learning
    with Augmentations", 2020. A walk goes on for a few times as many steps as nodes are kept, and at each returns with probability
    `restart`; what was visited first stays until the share is reached.

    Parameters
    ----------
    portion : least share of each graph's nodes that is kept, in (0, 1].
    restart : probability of returning to where a walk began, in [0, 1).
    walks : steps, at node level, of the walk of each sample.

    Changes
    -------
    nodes : (nodes,) bool, True for those that stay.
    """

    def __init__(self, portion: float = 0.8, restart: float = 0.1, walks: int = 20) -> None:
        self.portion = checks.number(self, "portion", portion, 1e-6, 1.0)
        self.restart = checks.number(self, "restart", restart, 0.0, 0.99)
        self.walks = checks.whole(self, "walks", walks, 1, 10_000)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which nodes stay."""
        starts, steps = self._starts(batch, generator)
        neighbours, first, degree = _lists(batch)
        visited = torch.full((batch.nodes,), steps + 1, dtype=torch.int64, device=batch.device)
        visited[starts] = 0
        where = starts
        for step in range(1, steps + 1):
            chance = share(len(starts), 2, batch, generator)
            choice = (chance[:, 0] * degree[where]).long().clamp(max=(degree[where] - 1).clamp(min=0))
            stuck = degree[where] == 0
            onward = where if not len(neighbours) else neighbours[(first[where] + choice).clamp(max=len(neighbours) - 1)]
            where = torch.where((chance[:, 1] < self.restart) | stuck, starts, onward)
            visited[where] = visited[where].clamp(max=step)
        if batch.owner is None:
            return {"nodes": with_one_each(batch, visited <= steps)}
        # Where a walk did not reach enough nodes (a graph in parts), others are taken at random behind those it met.
        order = visited + share(batch.nodes, 1, batch, generator)[:, 0]
        ranked = torch.argsort(batch.owner * (steps + 3.0) + order.clamp(max=steps + 2.0))
        sizes = batch.sizes
        rank = torch.empty_like(ranked)
        rank[ranked] = torch.arange(batch.nodes, device=batch.device)
        rank -= (sizes.cumsum(0) - sizes)[batch.owner]
        wanted = (self.portion * sizes).ceil().long()
        return {"nodes": with_one_each(batch, rank < wanted[batch.owner])}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """The nodes that stay, and the edges between them."""
        return batch.keep(changes["nodes"])

    def _starts(self, batch: GraphBatch, generator: torch.Generator) -> tuple[Tensor, int]:
        if batch.owner is None:
            starts = batch.seeds if batch.seeds is not None else torch.zeros(1, dtype=torch.int64, device=batch.device)
            return starts, self.walks
        sizes = batch.sizes
        first = sizes.cumsum(0) - sizes
        chosen = (share(len(batch), 1, batch, generator)[:, 0] * sizes).long().clamp(max=(sizes - 1).clamp(min=0))
        return (first + chosen)[sizes > 0], min(MOST_STEPS, int(4 * self.portion * sizes.max()) + 1)


def _lists(batch: GraphBatch) -> tuple[Tensor, Tensor, Tensor]:
    """The neighbours of all nodes one after the other, where each node's begin, and how many it has."""
    source, target = batch.edges
    order = source.argsort(stable=True)
    degree = torch.bincount(source, minlength=batch.nodes)
    return target[order], degree.cumsum(0) - degree, degree


class Diffuse(GraphView):
    """Edges to whatever personalised PageRank reaches, weighted by it, in place of the edges there are.

    ``S = a (I - (1 - a) D^-1/2 (A + I) D^-1/2)^-1``, by its series; of each node's row the `keep` largest entries stay (Klicpera et
    al., "Diffusion Improves Graph Learning", 2019; as a view: Hassani and Khasahmadi, "Contrastive Multi-View Representation
    Learning on Graphs", 2020). Nothing is drawn. Encoders that know no weights take the edges alone.

    Parameters
    ----------
    alpha : probability of returning, in (0, 1).
    keep : neighbours that each node keeps.
    """

    steps = 10

    def __init__(self, alpha: float = 0.15, keep: int = 8) -> None:
        self.alpha = checks.number(self, "alpha", alpha, 1e-3, 0.999)
        self.keep = checks.whole(self, "keep", keep, 1, 10_000)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """The same nodes with other edges."""
        rows, columns, weights = self._largest(batch)
        low, high = torch.minimum(rows, columns), torch.maximum(rows, columns)
        codes, which = torch.unique(low * batch.nodes + high, return_inverse=True)
        mean = torch.zeros(len(codes), device=batch.device).index_add(0, which, weights)
        count = torch.zeros(len(codes), device=batch.device).index_add(0, which, torch.ones_like(weights))
        return batch.replace(pairs=torch.stack([codes // batch.nodes, codes % batch.nodes]), weights=mean / count)

    def _largest(self, batch: GraphBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Each node's largest entries but its own: rows, columns, values. A block of rows at a time, to bound the memory."""
        scale = (degrees(batch) + 1).rsqrt()
        source, target = batch.edges
        own = torch.arange(batch.nodes, device=batch.device)
        weights = torch.ones(len(source), device=batch.device) if batch.edge_weights is None else batch.edge_weights
        moves = torch.sparse_coo_tensor(
            torch.stack([torch.cat([target, own]), torch.cat([source, own])]),
            torch.cat([weights * scale[source] * scale[target], scale.square()]),
            (batch.nodes, batch.nodes),
            check_invariants=False,
        ).coalesce()
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        block = max(1, 4_000_000 // max(batch.nodes, 1))
        for start in range(0, batch.nodes, block):
            rows = own[start : start + block]
            begin = torch.zeros(batch.nodes, len(rows), device=batch.device)
            begin[rows, torch.arange(len(rows), device=batch.device)] = 1.0
            reached = begin
            for _ in range(self.steps):
                reached = (1 - self.alpha) * torch.sparse.mm(moves, reached) + self.alpha * begin
            reached[rows, torch.arange(len(rows), device=batch.device)] = 0.0
            values, columns = reached.topk(min(self.keep, batch.nodes), dim=0)
            there = values > 0
            found.append((rows.expand_as(columns)[there], columns[there], values[there]))
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))  # type: ignore[return-value]
