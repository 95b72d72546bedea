"""Views of graphs: samples stay, the generator alone decides, and what was drawn repeats the change."""

from __future__ import annotations

import pytest
import torch

from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.spec import GraphSpec
from selflearn.errors import RecipeError
from selflearn.views import build, draw, flat, made_up, make_views, plain
from selflearn.views.graph import Diffuse, DropEdges, DropNodes, HideFeatures, HideNodes, Subgraph

GRAPHS = GraphSpec(level="graph", features=4, mean=(0.0,) * 4, std=(1.0,) * 4)
NODES = GRAPHS.model_copy(update={"level": "node"})
VIEWS = [DropEdges(0.3), DropNodes(0.3), HideFeatures(0.5), HideNodes(0.5), Subgraph(0.6), Diffuse(0.2, 4)]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(spec: GraphSpec, samples: int = 20) -> GraphBatch:
    raw = made_up(spec, samples)
    raw = raw.replace(values=torch.randn(raw.values.shape, generator=generator(7)))
    return raw if spec.level == "graph" else raw.select(torch.arange(0, samples, 2))


@pytest.mark.parametrize("spec", [GRAPHS, NODES], ids=["graph", "node"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_samples_stay_and_the_drawn_parameters_redo_the_change(view, spec):
    raw, state = batch(spec), torch.get_rng_state()
    before = raw.values.clone(), raw.pairs.clone()
    first, again, other = view(raw, generator(1)), view(raw, generator(1)), view(raw, generator(2))
    assert torch.equal(first.values, again.values) and torch.equal(first.pairs, again.pairs)
    redone = view.apply(raw, first.changes)
    assert torch.equal(first.values, redone.values) and torch.equal(first.pairs, redone.pairs)
    if first.changes:
        assert not (
            first.values.shape == other.values.shape
            and torch.equal(first.values, other.values)
            and torch.equal(first.pairs, other.pairs)
        )
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(raw.values, before[0]) and torch.equal(raw.pairs, before[1])
    assert first.index.tolist() == raw.index.tolist()
    assert (first.pairs < first.nodes).all() and (first.pairs[0] != first.pairs[1]).all()
    if spec.level == "graph":
        assert (first.sizes > 0).all()
        assert (first.owner[first.pairs[0]] == first.owner[first.pairs[1]]).all()
    elif not isinstance(view, HideFeatures | HideNodes):
        assert torch.equal(first.values[first.seeds], raw.values[raw.seeds]), "a sample keeps its own features"


def test_edges_go_with_their_probability():
    kept = DropEdges(0.3)(batch(GRAPHS, 500), generator()).changes["edges"].float()
    assert kept.mean() == pytest.approx(0.7, abs=4 * (0.21 / len(kept)) ** 0.5)


def test_a_subgraph_hangs_together_and_keeps_its_share():
    raw = batch(GRAPHS, 50)
    view = Subgraph(0.5, restart=0.0)(raw, generator())
    assert (view.sizes == 6).all(), "half of the twelve nodes of each ring"
    ends = torch.bincount(view.owner[view.pairs[0]], minlength=50)
    assert (ends >= 5).float().mean() > 0.75, "nodes that a walk came by are neighbours"


def test_diffusion_is_personalised_pagerank():
    raw = batch(GRAPHS, 1)
    view = Diffuse(0.2, keep=11).apply(raw, {})
    matrix = torch.eye(12)
    matrix[raw.pairs[0], raw.pairs[1]] = matrix[raw.pairs[1], raw.pairs[0]] = 1
    scale = matrix.sum(1).rsqrt()
    exact = 0.2 * torch.linalg.inv(torch.eye(12) - 0.8 * scale[:, None] * matrix * scale)
    assert torch.allclose(view.weights, exact[view.pairs[0], view.pairs[1]], atol=0.8**11)
    assert view.pairs.shape[1] == 66


def test_presets_give_their_views_and_refuse_what_they_do_not_know():
    assert len(build(GRAPHS)) == 2
    assert len(build(NODES, "weak")) == 1
    first, second = make_views(batch(NODES), build(NODES, "diffusion"), generator())
    assert first.weights is None and second.weights is not None
    apart = make_views(batch(NODES), build(NODES, edges=0.0, edges_second=1.0, features=0.0), generator())
    assert apart[0].pairs.shape[1] > 0 == apart[1].pairs.shape[1]
    with pytest.raises(RecipeError, match="did you mean 'standard'"):
        build(GRAPHS, "standrad")
    with pytest.raises(RecipeError, match="did you mean 'edges'"):
        build(GRAPHS, edge=0.5)
    with pytest.raises(RecipeError, match="no size"):
        plain(GRAPHS, 32)
    with pytest.raises(RecipeError, match="4 features"):
        plain(GRAPHS)(batch(GRAPHS).replace(values=torch.zeros(240, 9)), generator())


def test_views_can_be_drawn_and_are_vectors_too():
    for spec in (GRAPHS, NODES):
        view = plain(spec)(batch(spec, 4), generator())
        assert [picture.size for picture in draw(spec, view)] == [(96, 96)] * len(view)
        assert len(flat(spec, view)) == len(view)
