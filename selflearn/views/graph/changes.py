"""Changes of graphs whose shape stays: edges left out, features hidden or shaken. One draw for the whole batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.graphs.batch import GraphBatch
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import DrawnView


class GraphView:
    """Base of views of graphs: parameters are drawn, then applied; `view.apply(batch, changes)` repeats the change."""

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Parameters by name: rows of samples, nodes or edges."""
        raise NotImplementedError

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """The batch changed by these parameters; the batch itself stays as it is."""
        raise NotImplementedError

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> GraphBatch:
        graphs = as_graphs(self, batch)
        changes = self.draw(graphs, generator)
        return self.apply(graphs, changes).replace(changes=changes)


def as_graphs(owner: object, batch: Batch) -> GraphBatch:
    """The batch, if it is one of graphs."""
    if not isinstance(batch, GraphBatch):
        raise RecipeError(f"{type(owner).__name__} changes graphs, not a {type(batch).__name__}")
    return batch


def share(count: int, columns: int, batch: GraphBatch, generator: torch.Generator) -> Tensor:
    """(count, columns) numbers uniform in [0, 1), drawn where the generator lives."""
    return torch.rand(count, columns, generator=generator, device=generator.device).to(batch.device)


class DropEdges(GraphView):
    """Each edge is left out with a probability, in both directions at once.

    Rong et al., "DropEdge: Towards Deep Graph Convolutional Networks on Node Classification", 2020.

    Parameters
    ----------
    probability : in [0, 1].

    Changes
    -------
    edges : (edges,) bool, True for those that stay.
    """

    def __init__(self, probability: float) -> None:
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which stay."""
        return {"edges": share(batch.pairs.shape[1], 1, batch, generator)[:, 0] >= self.probability}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """Without those that go."""
        kept = changes["edges"]
        return batch.replace(pairs=batch.pairs[:, kept], weights=None if batch.weights is None else batch.weights[kept])


class DropNodes(GraphView):
    """Each node is left out with a probability, and its edges with it; a sample itself, and one node of every graph, stay.

    You et al., "Graph Contrastive Learning with Augmentations", 2020.

    Parameters
    ----------
    probability : in [0, 1).

    Changes
    -------
    nodes : (nodes,) bool, True for those that stay.
    """

    def __init__(self, probability: float) -> None:
        self.probability = checks.number(self, "probability", probability, 0.0, 0.99)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which stay."""
        kept = share(batch.nodes, 1, batch, generator)[:, 0] >= self.probability
        return {"nodes": with_one_each(batch, kept)}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """Without those that go."""
        return batch.keep(changes["nodes"])


def with_one_each(batch: GraphBatch, kept: Tensor) -> Tensor:
    """`kept`, with the samples themselves (node level) or the first node of each graph that would have none."""
    kept = kept.clone()
    if batch.seeds is not None:
        kept[batch.seeds] = True
    elif batch.owner is not None:
        sizes = batch.sizes
        left = torch.zeros_like(sizes).index_add(0, batch.owner, kept.long())
        first = sizes.cumsum(0) - sizes
        kept[first[(left == 0) & (sizes > 0)]] = True
    else:
        kept[0] = True
    return kept


class HideFeatures(GraphView):
    """Some features are 0 in every node of a view: of a graph's own nodes, or of all nodes at node level.

    Zhu et al., "Deep Graph Contrastive Representation Learning" (GRACE), 2020.

    Parameters
    ----------
    probability : in [0, 1], of each feature.

    Changes
    -------
    features : (rows, features) bool, True for those that stay; one row a graph, or a single one at node level.
    """

    def __init__(self, probability: float) -> None:
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which stay."""
        rows = 1 if batch.owner is None else len(batch)
        return {"features": share(rows, batch.values.shape[1], batch, generator) >= self.probability}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """With those hidden at 0."""
        kept = changes["features"]
        return batch.replace(values=batch.values * (kept if batch.owner is None else kept[batch.owner]))


class HideNodes(GraphView):
    """All features of some nodes are 0, while the nodes and their edges stay ("attribute masking").

    You et al., "Graph Contrastive Learning with Augmentations", 2020.

    Parameters
    ----------
    probability : in [0, 1], of each node.

    Changes
    -------
    shown : (nodes,) bool, True for those whose features stay.
    """

    def __init__(self, probability: float) -> None:
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: GraphBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which are shown."""
        return {"shown": share(batch.nodes, 1, batch, generator)[:, 0] >= self.probability}

    def apply(self, batch: GraphBatch, changes: dict[str, Tensor]) -> GraphBatch:
        """With the others at 0."""
        return batch.replace(values=batch.values * changes["shown"][:, None])


class Jitter(DrawnView):
    """Gaussian noise on the features that are numbers; those of 0 and 1 alone stay.

    Parameters
    ----------
    deviation : of the noise, in deviations of each feature, >= 0.
    numbers : one bool a feature, True where it is a number.

    Changes
    -------
    noise : (nodes, features) what was added.
    """

    def __init__(self, deviation: float, numbers: Sequence[bool]) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0)
        self.numbers = torch.tensor(list(numbers))

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The noise itself."""
        noise = torch.randn(batch.values.shape, generator=generator, device=generator.device).to(batch.device)
        return {"noise": noise * self.deviation * self.numbers.to(batch.device)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy features."""
        return batch.values + changes["noise"]
