"""Recipes on graphs: each one updates on nodes of one graph and on whole graphs, and no method file says so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn import recipes
from selflearn.data import Dataset, knowing, read, subset
from selflearn.errors import RecipeError
from selflearn.training import Budget, embed
from selflearn.views import make_views, plain

pytest.importorskip("torch_geometric")
RECIPES = ["simclr", "barlow-twins", "vicreg", "byol", "lejepa", "mae", "data2vec", "graph-mae"]


def nodes(fanout: int | None = None) -> Dataset:
    """Two communities of 30 nodes whose words lean one way or the other."""
    rng = np.random.default_rng(0)
    side = np.repeat([0, 1], 30)
    joined = rng.random((60, 60)) < np.where(side[:, None] == side, 0.2, 0.02)
    words = (rng.random((60, 40)) < np.where((np.arange(40) < 20) == side[:, None], 0.2, 0.05)).astype(np.float32)
    more = {} if fanout is None else {"fanout": fanout}
    return read({"edges": np.stack(np.nonzero(np.triu(joined, 1))), "features": words, "labels": side}, more=more)


def graphs() -> Dataset:
    """Rings and paths of 5 to 9 nodes."""
    pieces, offsets = [], [0]
    for number in range(40):
        size = 5 + number % 5
        ends = np.stack([np.arange(size), (np.arange(size) + 1) % size])[:, : size - number % 2]
        pieces.append(ends + offsets[-1])
        offsets.append(offsets[-1] + size)
    tags = np.random.default_rng(1).integers(0, 3, offsets[-1])
    return read(
        {"edges": np.concatenate(pieces, axis=1), "node_offsets": np.array(offsets), "node_tag": tags, "labels": np.arange(40) % 2}
    )


def test_questions_are_answered_on_one_graph_and_on_neighbourhoods_and_refused_on_whole_graphs():
    for dataset in (nodes(), nodes(fanout=3)):
        recipe = recipes.load("pretext-tasks", "small", {"encoder.name": "gcn", "encoder.width": 16}, "graph")
        encoder = recipes.build_encoder(recipe.stages[0], dataset.spec, 0, accelerator=False)
        outcome = recipes.run_plan(recipe, dataset, encoder, Budget.parse("3steps"))
        assert outcome.stages[0].step == 3
    with pytest.raises(RecipeError, match="level=node"):
        recipes.build_views(recipes.load("pretext-tasks", "small", {}, "graph").stages[0], graphs().spec)


def test_labels_and_questions_are_learned_together():
    dataset = nodes()
    recipe = recipes.load("selftask", "small", {"encoder.width": 16}, "graph")
    encoder = recipes.build_encoder(recipe.stages[0], dataset.spec, 0, accelerator=False)
    outcome = recipes.run_plan(recipe, knowing(dataset, np.arange(0, 60, 5)), encoder, Budget.parse("3steps"))
    assert set(outcome.method.methods) == {"labels", "pretext"}
    unlabelled = knowing(dataset, [])
    unlabelled.facts.classes = []
    with pytest.raises(RecipeError, match="at least two classes"):
        recipes.build_method(recipe.stages[0], encoder, 0, unlabelled)


@pytest.mark.parametrize("combine", ["sum", "pareto", "pareto-unit"])
def test_four_philosophies_share_an_encoder(combine):
    dataset = nodes()
    changes = {"encoder": {"name": "gcn", "width": 16, "depth": 2}, "combine": combine, "tasks.reconstruction.decoder_width": 16}
    recipe = recipes.load("pareto-gnn", "small", changes, "graph")
    encoder = recipes.build_encoder(recipe.stages[0], dataset.spec, 0, accelerator=False)
    before = encoder.embed.weight.detach().clone()
    outcome = recipes.run_plan(recipe, dataset, encoder, Budget.parse("3steps"))
    assert list(outcome.method.methods) == ["reconstruction", "links", "contrast", "decorrelation"]
    assert outcome.alarm is None and not torch.equal(before, encoder.embed.weight)
    assert not recipes.uses_labels(recipe)


DATA = {"nodes": nodes, "neighbourhoods": lambda: nodes(fanout=3), "graphs": graphs}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("recipe", RECIPES)
def test_an_update_trains_the_encoder_and_repeats_exactly(recipe, data):
    dataset = DATA[data]()
    stage = recipes.load(recipe, "small", {}, "graph").stages[0]
    stage = stage.model_copy(update={"encoder": {**stage.encoder, "width": 16}})

    def once() -> tuple[float, torch.Tensor]:
        encoder = recipes.build_encoder(stage, dataset.spec, 0, accelerator=False)
        method = recipes.build_method(stage, encoder, 0).train()
        generator = torch.Generator().manual_seed(3)
        torch.manual_seed(5)
        batch = dataset.batch(np.arange(0, len(dataset), 2))
        optimiser = torch.optim.SGD([each for each in method.parameters() if each.requires_grad], lr=0.01)
        before = torch.cat([each.detach().flatten() for each in encoder.parameters()])
        outcome = method.update(make_views(batch, recipes.build_views(stage, dataset.spec), generator), optimiser, generator)
        after = torch.cat([each.detach().flatten() for each in encoder.parameters()])
        assert not torch.equal(before, after)
        assert outcome.embedding.isfinite().all()
        return outcome.total.item(), after

    first, second = once(), once()
    assert np.isfinite(first[0])
    assert first[0] == second[0]
    assert torch.equal(first[1], second[1])


def test_an_embedding_does_not_depend_on_what_is_embedded_beside_it():
    for dataset in (nodes(), graphs()):
        stage = recipes.load("barlow-twins", "small", {}, "graph").stages[0]
        encoder = recipes.build_encoder(stage, dataset.spec, 0, accelerator=False)
        whole = embed(encoder, dataset, plain(dataset.spec), batch=64)
        few = embed(encoder, subset(dataset, [7, 3, 30]), plain(dataset.spec), batch=2)
        assert np.allclose(few, whole[[7, 3, 30]], atol=1e-4)


def test_graph_mae_learns_more_than_its_untrained_encoder():
    dataset = nodes()
    chosen = recipes.load("graph-mae", "small", {"optimiser.lr": 0.01}, "graph")
    stage = chosen.stages[0].model_copy(update={"encoder": {"name": "gcn", "width": 16}})
    encoder = recipes.build_encoder(stage, dataset.spec, 0, accelerator=False)
    method = recipes.build_method(stage, encoder, 0).train()
    optimiser = torch.optim.AdamW(method.parameters(), lr=0.01)
    views = recipes.build_views(stage, dataset.spec)
    losses = []
    for step in range(60):
        generator = torch.Generator().manual_seed(step)
        batch = make_views(dataset.batch(np.arange(60)), views, generator)
        losses.append(method.update(batch, optimiser, generator).total.item())
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
