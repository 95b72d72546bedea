"""The graph itself, with questions about its nodes: the bank of pretext tasks of "Self-supervised Learning on Graphs".

Jin et al., "Self-supervised Learning on Graphs: Deep Insights and New Direction", 2020. What is asked is drawn anew for each batch:
a few hundred nodes ask about pairs, and of labels those count that the batch's own samples have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.relations import adjacency, centres, hops, nearness, spread
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.statistics import degrees
from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError, nearest
from selflearn.views.graph.changes import DropEdges, GraphView, HideNodes, as_graphs, share

CENTRES = 10  # parts of the graph whose middles nodes tell their distance to: the authors' number for Cora
FARTHEST = 4  # steps between nodes are told as 1, 2, 3, or this many and more
ASKING = 256  # nodes that ask about pairs
ALIKE = 3  # of each of them, so many of the most alike, of the least alike and of any: the authors' number


def bank(spec: GraphSpec, classes: int) -> dict[str, Asked]:
    """Every question there is about the nodes of such a graph.

    degree : which third of the nodes by number of neighbours a node belongs to.
    clusters : how near a node is to the middle of each of ten parts of the graph, ``1 / (1 + steps)``.
    distance : steps between two nodes: 1, 2, 3, or more.
    similarity : the cosine of two nodes' features, of pairs that are most, least and just so alike.
    edges : whether two nodes are joined, of edges that were taken out and of pairs that never were.
    features : the features of nodes that have been hidden.
    labelled : how near a node is to the labelled ones of each class, the mean of ``1 / (1 + steps)``.
    context : the shares of classes among what lies within two steps of a node, where labels have spread to all nodes.
    """
    return {
        "degree": Asked(1, 3, "classes"),
        "clusters": Asked(1, CENTRES, "numbers"),
        "distance": Asked(2, FARTHEST, "classes"),
        "similarity": Asked(2, 1, "numbers"),
        "edges": Asked(2, 2, "classes"),
        "features": Asked(1, spec.features, "numbers"),
        "labelled": Asked(1, classes, "numbers"),
        "context": Asked(1, classes, "shares"),
    }


def chosen(spec: GraphSpec, names: Sequence[str], classes: int) -> dict[str, Asked]:
    """Those of `names`.

    Raises
    ------
    RecipeError : an unknown name, none at all, graphs as samples, or labels asked for where there are no two classes.
    """
    known = bank(spec, classes)
    for name in names:
        if name not in known:
            raise RecipeError(f"there is no question {name!r} about nodes{nearest(name, known)}")
    if not names or spec.level != "node":
        why = "none is named" if not names else "these samples are graphs: read them with --read level=node"
        raise RecipeError(f"questions are about the nodes of one graph, and {why}")
    if classes < 2 and {"labelled", "context"} & set(names):
        raise RecipeError("the questions 'labelled' and 'context' need labels of at least two classes; ask others, or give labels")
    return {name: known[name] for name in names}


class Ask:
    """The graph but for what some questions hide, and the questions, whose answers are those of the whole graph.

    Parameters
    ----------
    names : of `bank`.
    edges, features : the shares of edges, and of nodes with all their features, that are hidden where "edges" and "features" are
        asked.

    Changes
    -------
    edges : (edges,) bool and shown : (nodes,) bool, True for what stays, where something is hidden.
    """

    def __init__(self, names: Sequence[str], edges: float, features: float) -> None:
        self.names = tuple(names)
        hiding: dict[str, GraphView] = {"edges": DropEdges(edges), "features": HideNodes(features)}
        self.hiding = [view for name, view in hiding.items() if name in names]
        self._middles: tuple[Tensor, Tensor] | None = None

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> GraphBatch:
        graph = as_graphs(self, batch)
        shown = graph
        for hide in self.hiding:
            shown = hide(shown, generator)
        ask: dict[str, Callable[[], Question]] = {
            "degree": lambda: self._degree(graph),
            "clusters": lambda: _of_nodes(nearness(self._to_middles(graph))),
            "distance": lambda: self._distance(graph, generator),
            "similarity": lambda: self._similarity(graph, generator),
            "edges": lambda: self._edges(graph, shown.changes["edges"], generator),
            "features": lambda: _of_nodes(graph.values, ~shown.changes["shown"]),
            "labelled": lambda: self._labelled(graph, generator),
            "context": lambda: self._context(graph),
        }
        return shown.replace(questions={**graph.questions, **{name: ask[name]() for name in self.names}})

    def _degree(self, batch: GraphBatch) -> Question:
        degree = degrees(batch)
        bounds = torch.quantile(degree, torch.tensor([1 / 3, 2 / 3], device=degree.device))
        return _of_nodes((degree[:, None] > bounds).sum(dim=1))

    def _to_middles(self, batch: GraphBatch) -> Tensor:
        """(nodes, CENTRES) steps; where batches are all of one graph, they are counted once."""
        if self._middles is None or self._middles[0] is not batch.pairs:
            joined = adjacency(batch.pairs, batch.nodes)
            steps = hops(joined, centres(joined, CENTRES))
            self._middles = batch.pairs, F.pad(steps, (0, CENTRES - steps.shape[1]), value=-1)
        return self._middles[1]

    def _distance(self, batch: GraphBatch, generator: torch.Generator) -> Question:
        """Equally many pairs of each distance, as far as there are."""
        sources = _some(batch, ASKING, generator)
        steps = hops(adjacency(batch.pairs, batch.nodes), sources, FARTHEST - 1)
        told = torch.where(steps < 0, FARTHEST, steps) - 1
        rank = torch.where(told < 0, 2.0, share(told.shape[0], told.shape[1], batch, generator))  # a node and itself are no pair
        counts = torch.bincount(told[told >= 0], minlength=FARTHEST)
        wanted = int(counts[counts > 0].min()) if len(sources) else 0
        picked = [torch.where(told == each, rank, 2.0).flatten().topk(wanted, largest=False).indices for each in range(FARTHEST)]
        place = torch.cat([each for each, count in zip(picked, counts.tolist(), strict=True) if count])
        node, source = place // len(sources), place % len(sources)
        return _of_pairs(torch.stack([sources[source], node], dim=1), told[node, source])

    def _similarity(self, batch: GraphBatch, generator: torch.Generator) -> Question:
        sources = _some(batch, ASKING, generator)
        unit = F.normalize(batch.values, dim=1)
        cosines = unit[sources] @ unit.T
        own = torch.arange(len(sources), device=sources.device)
        count = min(ALIKE, batch.nodes - 1)
        most = cosines.index_put((own, sources), torch.tensor(-2.0)).topk(count).indices
        least = cosines.index_put((own, sources), torch.tensor(2.0)).topk(count, largest=False).indices
        other = (share(len(sources), count, batch, generator) * (batch.nodes - 1)).long()
        other = other + (other >= sources[:, None]).long()
        beside = torch.cat([most, least, other], dim=1)
        pairs = torch.stack([sources[:, None].expand_as(beside), beside], dim=2).flatten(0, 1)
        return _of_pairs(pairs, cosines.gather(1, beside).flatten()[:, None])

    def _edges(self, batch: GraphBatch, kept: Tensor, generator: torch.Generator) -> Question:
        """The edges taken out, and as many pairs that are no edge."""
        hidden = batch.pairs[:, ~kept]
        drawn = (share(hidden.shape[1], 2, batch, generator) * batch.nodes).long().T
        low, high = drawn.min(dim=0).values, drawn.max(dim=0).values
        codes = batch.pairs.min(dim=0).values * batch.nodes + batch.pairs.max(dim=0).values
        apart = (low != high) & ~torch.isin(low * batch.nodes + high, codes)
        pairs = torch.cat([hidden, drawn[:, apart]], dim=1)
        joined = torch.arange(pairs.shape[1], device=pairs.device) < hidden.shape[1]
        return _of_pairs(pairs.T, joined.long())

    def _labelled(self, batch: GraphBatch, generator: torch.Generator) -> Question:
        """Of very many labelled nodes some stand for all."""
        labels, classes = _labels(batch)
        nodes = (labels >= 0).nonzero()[:, 0]
        if len(nodes) > ASKING:
            nodes = nodes[share(len(nodes), 1, batch, generator)[:, 0].topk(ASKING).indices]
        near = nearness(hops(adjacency(batch.pairs, batch.nodes), nodes))
        own = F.one_hot(labels[nodes], classes).float()
        return _of_nodes(near @ own / own.sum(dim=0).clamp(min=1), (labels < 0) & (len(nodes) > 0))

    def _context(self, batch: GraphBatch) -> Question:
        labels, classes = _labels(batch)
        joined, known = adjacency(batch.pairs, batch.nodes), labels >= 0
        shares = spread(joined, F.one_hot(labels.clamp(min=0), classes).float(), known)
        told = F.one_hot(shares.argmax(dim=1), classes).float() * (shares.sum(dim=1) > 0)[:, None]
        once = torch.sparse.mm(joined, told)
        around = once + torch.sparse.mm(joined, once)
        total = around.sum(dim=1)
        return _of_nodes(around / total.clamp(min=1)[:, None], (labels < 0) & (total > 0))


def _labels(batch: GraphBatch) -> tuple[Tensor, int]:
    """(nodes,) the labels of the samples in the batch, -1 for all other nodes; and one more than the largest."""
    labels = torch.full((batch.nodes,), -1, dtype=torch.int64, device=batch.device)
    labels[torch.arange(batch.nodes, device=batch.device) if batch.seeds is None else batch.seeds] = batch.labels
    return labels, max(1, int(labels.max()) + 1)


def _of_nodes(answers: Tensor, asked: Tensor | None = None) -> Question:
    nodes = torch.arange(len(answers), device=answers.device) if asked is None else asked.nonzero()[:, 0]
    return Question(torch.zeros_like(nodes)[:, None], answers[nodes], nodes[:, None])


def _of_pairs(pairs: Tensor, answers: Tensor) -> Question:
    return Question(torch.zeros_like(pairs), answers, pairs)


def _some(batch: GraphBatch, count: int, generator: torch.Generator) -> Tensor:
    """At most so many nodes, each once."""
    return share(batch.nodes, 1, batch, generator)[:, 0].topk(min(count, batch.nodes)).indices
