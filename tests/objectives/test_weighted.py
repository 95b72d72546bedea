"""Contrast by weights: its closed forms, InfoNCE as a special case, and what weights of nothing leave out."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import SimilarityGraph, info_nce, weighted_contrast


def drawn(rows=6, dim=4, seed=0):
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed))


def weights(rows=6, seed=1):
    made = torch.rand(2, rows, rows, generator=torch.Generator().manual_seed(seed))
    return SimilarityGraph((made[0] > 0.6) * made[0], torch.eye(rows, dtype=torch.bool)), made[1]


def test_collapse_has_its_closed_form_whatever_the_temperature():
    graph, repulsion = weights()
    positive = graph.weights.masked_fill(graph.ignored, 0).sum(1)
    negative = repulsion.masked_fill(graph.ignored, 0).sum(1)
    asked = positive > 0
    wanted = (1 + negative / positive)[asked].log().mean()
    for temperature in (0.1, 1.0):
        found = weighted_contrast(torch.ones(6, 4), torch.ones(6, 4), graph, repulsion, temperature)
        assert float(found) == pytest.approx(float(wanted), rel=1e-5)


def test_it_is_what_the_publication_writes():
    rows, (graph, repulsion) = drawn(), weights()
    raised = (F.normalize(rows, dim=1) @ F.normalize(rows, dim=1).T / 0.5).exp()
    losses = []
    for i in range(6):
        positive = sum(float(graph.weights[i, j] * raised[i, j]) for j in range(6) if j != i)
        negative = sum(float(repulsion[i, j] * raised[i, j]) for j in range(6) if j != i)
        if positive:
            losses.append(-math.log(positive / (positive + negative)))
    assert float(weighted_contrast(rows, rows, graph, repulsion, 0.5)) == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_one_positive_among_negatives_of_weight_one_is_info_nce():
    rows, graph = drawn(8), SimilarityGraph.augmentation(4)
    every = 1.0 - graph.weights
    assert float(weighted_contrast(rows, rows, graph, every, 0.2)) == pytest.approx(
        float(info_nce(rows, rows, graph, 0.2)), rel=1e-5
    )


def test_what_weighs_nothing_has_no_part():
    rows, (graph, repulsion) = drawn(), weights()
    assert float(weighted_contrast(rows, rows, graph, torch.zeros(6, 6))) == pytest.approx(0.0, abs=1e-6)
    repulsion = repulsion.clone()
    repulsion[:, 3] = 0.0
    nobody = SimilarityGraph(graph.weights.clone(), graph.ignored)
    nobody.weights[:, 3] = 0.0
    nobody.weights[3] = 0.0
    other = rows.clone()
    other[3] = 100 * drawn(1, seed=5)
    first, second = (float(weighted_contrast(each, each, nobody, repulsion)) for each in (rows, other))
    assert first == pytest.approx(second, rel=1e-5)


def test_rows_without_positives_and_graphs_without_edges_have_gradients_that_are_numbers():
    rows, repulsion = drawn().requires_grad_(), torch.ones(6, 6)
    for positives in (torch.zeros(6, 6), F.one_hot(torch.tensor([1]), 6).float().expand(6, 6).triu()):
        loss = weighted_contrast(rows, rows, SimilarityGraph(positives, torch.eye(6, dtype=torch.bool)), repulsion)
        (gradient,) = torch.autograd.grad(loss, rows)
        assert gradient.isfinite().all()
        assert (float(loss.detach()) > 0) == bool(positives.any())


def test_the_heavier_negative_is_pushed_harder():
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.2], [1.0, 0.2], [1.0, -0.2]], requires_grad=True)
    edges = torch.zeros(4, 4)
    edges[0, 3] = 1.0
    repulsion = torch.zeros(4, 4)
    repulsion[0, 1], repulsion[0, 2] = 3.0, 1.0
    weighted_contrast(rows, rows, SimilarityGraph(edges, torch.eye(4, dtype=torch.bool)), repulsion, 0.5).backward()
    assert float(rows.grad[1].norm()) == pytest.approx(3 * float(rows.grad[2].norm()), rel=1e-4)


def test_shapes_that_do_not_belong_together_are_refused():
    graph, repulsion = weights()
    with pytest.raises(RecipeError, match="rows, columns"):
        weighted_contrast(drawn(), drawn(), graph, repulsion[:4])
    with pytest.raises(RecipeError, match="temperature"):
        weighted_contrast(drawn(), drawn(), graph, repulsion, 0.0)
