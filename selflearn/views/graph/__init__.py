"""Views of graphs. Their unit scale: 0 and 1 as they are, numbers of mean 0 and deviation 1, bags of words of length 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.picture import colours_of, drawing
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.statistics import described, standardised
from selflearn.data.questions import Asked
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import Share, ViewOptions, checked_options, preset
from selflearn.views.compose import Compose
from selflearn.views.graph.changes import DropEdges, DropNodes, HideFeatures, HideNodes, Jitter, as_graphs
from selflearn.views.graph.questions import Ask, chosen
from selflearn.views.graph.structure import Diffuse, Subgraph

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Ask", "Diffuse", "DropEdges", "DropNodes", "HideFeatures", "HideNodes", "Jitter", "Standard", "Subgraph", "asked",
           "build", "draw", "flat", "made_up", "plain"]  # fmt: skip

NOT_EXPORTED = "a graph has no fixed shape, and its layers gather and scatter along edges, which the exporter does not carry"
DRAWN_NODES = 40


class Standard:
    """Raw graphs at the unit scale.

    Parameters
    ----------
    spec : has the mean and deviation of each feature.
    """

    def __init__(self, spec: GraphSpec) -> None:
        self.spec = spec
        self._seen: tuple[Tensor, Tensor] | None = None

    def __call__(self, batch: Batch, generator: torch.Generator) -> GraphBatch:
        """All nodes and edges, unchanged otherwise."""
        graphs = as_graphs(self, batch)
        if graphs.values.shape[1] != self.spec.features:
            raise RecipeError(f"nodes must have {self.spec.features} features, not {graphs.values.shape[1]}")
        return graphs.replace(values=self._scaled(graphs), changes={})

    def _scaled(self, graphs: GraphBatch) -> Tensor:
        """Where batches are all of one graph, its features are the same tensor each time, and are scaled once."""
        if self._seen is not None and self._seen[0] is graphs.values:
            return self._seen[1]
        scaled = standardised(self.spec, graphs.values)
        if graphs.owner is None and not self.spec.fanout:
            self._seen = graphs.values, scaled
        return scaled


class _Changed(ViewOptions):
    """Shares that nobody gave are those of `USUAL` for the level."""

    edges: Share | None = None
    nodes: Annotated[float, Field(ge=0, lt=1)] | None = None
    features: Share | None = None
    hiding: Share | None = None
    subgraph: Annotated[float, Field(gt=0, le=1)] = 1.0
    jitter: Annotated[float, Field(ge=0, le=10)] = 0.1


class _Apart(_Changed):
    """The second view may be changed by other shares."""

    edges_second: Share | None = None
    features_second: Share | None = None


# A node is known by many features, and what is around it; the nodes of small graphs are known by their kind alone, which hides or
# shows all of them, so there nodes go and not kinds.
USUAL: dict[str, dict[str, float]] = {
    "node": {"edges": 0.4, "nodes": 0.0, "features": 0.2, "hiding": 0.0},
    "graph": {"edges": 0.1, "nodes": 0.1, "features": 0.0, "hiding": 0.1},
}


class _Diffused(_Changed):
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.15
    keep: Annotated[int, Field(ge=1, le=1000)] = 8


class _Asking(ViewOptions):
    ask: tuple[str, ...] = ("degree", "clusters", "distance", "similarity", "edges", "features")
    edges: Annotated[float, Field(gt=0, lt=1)] = 0.1
    features: Annotated[float, Field(gt=0, lt=1)] = 0.1


class _Weak(ViewOptions):
    edges: Share = 0.0
    jitter: Annotated[float, Field(ge=0, le=10)] = 0.0


def build(spec: GraphSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the graphs.
    name : "standard": two views, each changed by what is not 0 (or 1) of `subgraph` (least share of a graph that random walks
        keep), `nodes` and `edges` (shares left out), `features` (share hidden in all nodes), `hiding` (share of nodes all of
        whose features are hidden) and `jitter` (of features that are numbers); `edges_second` and `features_second` give the
        second view shares of its own. Shares that are left out are the level's own. "diffusion": the first as in
        "standard", the second with the edges of personalised PageRank (`alpha`, `keep`). "questions": one view of the nodes of one
        graph, which asks what `ask` names (`questions.bank` tells them), with shares of `edges` and `features` hidden for the
        questions about those. "weak": one view, with `edges` (0)
        and `jitter` (0). "plain": one, the graph itself.
    size : None; a graph has no other size than its own.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "graphs")
    return make(spec, chosen)


def asked(spec: GraphSpec, classes: int, name: str = "standard", size: int | None = None, **options: Any) -> dict[str, Asked]:
    """What the views of this name will ask; `classes` is how many classes the data's labels have."""
    if name != "questions":
        return {}
    return chosen(spec, checked_options(_Asking, options, f"views {name!r} of graphs").ask, classes)


def plain(spec: GraphSpec, size: int | None = None) -> View:
    """The graphs themselves, at the unit scale: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of graphs have no size (got {size!r}); leave it out")
    return Standard(spec)


def _changed(spec: GraphSpec, options: _Changed) -> list[View]:
    """What is done to one view, in order."""
    numbers = [mean != 0 or std != 1 for mean, std in zip(spec.mean, spec.std, strict=True)]
    given = {name: getattr(options, name) for name in USUAL[spec.level]}
    shares = {name: USUAL[spec.level][name] if value is None else value for name, value in given.items()}
    made: list[tuple[bool, Callable[[], View]]] = [
        (options.subgraph < 1, lambda: Subgraph(options.subgraph)),
        (shares["nodes"] > 0, lambda: DropNodes(shares["nodes"])),
        (shares["edges"] > 0, lambda: DropEdges(shares["edges"])),
        (shares["features"] > 0, lambda: HideFeatures(shares["features"])),
        (shares["hiding"] > 0, lambda: HideNodes(shares["hiding"])),
        (options.jitter > 0 and any(numbers), lambda: Jitter(options.jitter, numbers)),
    ]
    return [make() for wanted, make in made if wanted]


def _standard(spec: GraphSpec, options: _Apart) -> list[View]:
    second = {"edges": options.edges_second, "features": options.features_second}
    other = options.model_copy(update={name: value for name, value in second.items() if value is not None})
    return [Compose([Standard(spec), *_changed(spec, each)]) for each in (options, other)]


def _diffusion(spec: GraphSpec, options: _Diffused) -> list[View]:
    first = Compose([Standard(spec), *_changed(spec, options)])
    second = Compose([Standard(spec), Diffuse(options.alpha, options.keep), *_changed(spec, options)])
    return [first, second]


def _questions(spec: GraphSpec, options: _Asking) -> list[View]:
    chosen(spec, options.ask, classes=2)  # how many classes there are decides no view
    return [Compose([Standard(spec), Ask(options.ask, options.edges, options.features)])]


def _weak(spec: GraphSpec, options: _Weak) -> list[View]:
    changed = _Changed(edges=options.edges, nodes=0.0, features=0.0, hiding=0.0, jitter=options.jitter)
    return [Compose([Standard(spec), *_changed(spec, changed)])]


def _plain(spec: GraphSpec, options: ViewOptions) -> list[View]:
    return [Standard(spec)]


PRESETS: dict[str, tuple[type[Any], Callable[[GraphSpec, Any], list[View]]]] = {
    "standard": (_Apart, _standard),
    "diffusion": (_Diffused, _diffusion),
    "questions": (_Asking, _questions),
    "weak": (_Weak, _weak),
    "plain": (ViewOptions, _plain),
}


def flat(spec: GraphSpec, batch: Batch) -> Tensor:
    """(batch, features) of a view, as `Dataset.raw` makes them: nothing is learned."""
    return described(spec, as_graphs(spec, batch))


def draw(spec: GraphSpec, batch: Batch) -> list[Image]:
    """Each view as a drawing: of each graph, or of what lies around each node."""
    graphs = as_graphs(spec, batch).to("cpu")
    return [_drawing(graphs, number) for number in range(len(graphs))]


def _drawing(graphs: GraphBatch, number: int) -> Image:
    if graphs.owner is not None:
        one = graphs.select(torch.tensor([number]))
        return drawing(one.nodes, one.pairs.numpy(), 96, colours_of(one.values.numpy()))
    assert graphs.seeds is not None
    seed = int(graphs.seeds[number])
    near = torch.zeros(graphs.nodes, dtype=torch.bool)
    near[seed] = True
    for _ in range(2):
        beside = near[graphs.pairs].any(dim=0)
        wider = near.clone()
        wider[graphs.pairs[:, beside].flatten()] = True
        if wider.sum() > DRAWN_NODES and near.sum() > 1:
            break
        near = wider
    around = graphs.keep(near)
    place = int(near[:seed].sum())
    return drawing(around.nodes, around.pairs.numpy(), 96, colours_of(around.values.numpy()), place)


def made_up(spec: GraphSpec, samples: int, seed: int = 0) -> GraphBatch:
    """Random graphs with the features' means and deviations: a ring of nodes with some chords, for a check without real data."""
    generator = torch.Generator().manual_seed(seed)
    size = 12
    nodes = samples * size if spec.level == "graph" else max(samples, size)
    values = torch.randn(nodes, spec.features, generator=generator) * torch.tensor(spec.std) + torch.tensor(spec.mean)
    values = (values > 0.5).float() if spec.indicators else values
    start = torch.arange(nodes)
    following = start + 1
    ring = torch.where(following % size == 0, following - size, following) if spec.level == "graph" else following % nodes
    pairs = torch.stack([torch.minimum(start, ring), torch.maximum(start, ring)])
    known = (torch.arange(samples), torch.full((samples,), -1))
    if spec.level == "graph":
        return GraphBatch(values, *known, pairs=pairs, owner=torch.arange(samples).repeat_interleave(size))
    return GraphBatch(values, *known, pairs=pairs, seeds=torch.arange(samples))
