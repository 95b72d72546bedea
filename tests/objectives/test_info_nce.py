"""InfoNCE: known values, equality with NT-Xent and SupCon written out another way, and what a graph without edges does."""

import math
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RecipeError
from selflearn.objectives import SimilarityGraph, info_nce


def nt_xent(first, second, temperature):
    """NT-Xent by rows, as the paper's algorithm states it."""
    rows = [F.normalize(row, dim=0) for row in torch.cat([first, second])]
    samples, total = len(first), 0.0
    for i, row in enumerate(rows):
        positive = rows[(i + samples) % (2 * samples)]
        others = [math.exp(float(row @ other) / temperature) for k, other in enumerate(rows) if k != i]
        total -= math.log(math.exp(float(row @ positive) / temperature) / sum(others))
    return total / len(rows)


def supcon(rows, labels, temperature):
    """L_out of Khosla et al. by rows; rows without a positive are left out."""
    rows, losses = F.normalize(rows, dim=1), []
    for i, row in enumerate(rows):
        scores = {k: float(row @ other) / temperature for k, other in enumerate(rows) if k != i}
        normaliser = math.log(sum(math.exp(score) for score in scores.values()))
        positives = [k for k in scores if labels[k] == labels[i]]
        if positives:
            losses.append(-sum(scores[k] - normaliser for k in positives) / len(positives))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.5, 1.0])
def test_augmentation_graph_is_nt_xent(temperature):
    first, second = torch.randn(6, 5), torch.randn(6, 5)
    both = torch.cat([first, second])
    loss = info_nce(both, both, SimilarityGraph.augmentation(6), temperature)
    assert float(loss) == pytest.approx(nt_xent(first, second, temperature), rel=1e-5)


def test_label_graph_is_supcon():
    rows, labels = torch.randn(9, 4), torch.tensor([0, 1, 0, 2, 1, 0, 3, 2, 0])
    loss = info_nce(rows, rows, SimilarityGraph.of_labels(labels), 0.2)
    assert float(loss) == pytest.approx(supcon(rows, labels.tolist(), 0.2), rel=1e-5)


def test_without_labels_supcon_is_nt_xent():
    rows, unknown = torch.randn(8, 4), torch.full((8,), -1)
    views = SimilarityGraph.augmentation(4)
    both = views.union(SimilarityGraph.of_labels(unknown))
    assert torch.equal(info_nce(rows, rows, both), info_nce(rows, rows, views))


@given(samples=st.integers(2, 12), temperature=st.floats(0.05, 5.0))
@settings(max_examples=25, deadline=None)
def test_aligned_orthogonal_pairs(samples, temperature):
    rows = torch.eye(samples).repeat(2, 1)
    loss = info_nce(rows, rows, SimilarityGraph.augmentation(samples), temperature)
    assert float(loss) == pytest.approx(math.log(1 + (2 * samples - 2) * math.exp(-1 / temperature)), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.01, 1.0])
def test_collapse_costs_the_log_of_the_candidates(temperature):
    rows = torch.ones(10, 3)
    assert float(info_nce(rows, rows, SimilarityGraph.augmentation(5), temperature)) == pytest.approx(math.log(9), rel=1e-5)


def test_length_and_order_do_not_matter():
    rows, labels, order = torch.randn(8, 4), torch.tensor([0, 0, 1, 1, 2, 2, 2, 0]), torch.randperm(8)
    loss = info_nce(rows, rows, SimilarityGraph.of_labels(labels))
    shuffled = rows[order] * torch.rand(8, 1).add(0.1)
    assert float(info_nce(shuffled, shuffled, SimilarityGraph.of_labels(labels[order]))) == pytest.approx(float(loss), rel=1e-5)


def test_edge_weights_are_shares():
    rows, graph = torch.randn(6, 4), SimilarityGraph.augmentation(2, views=3)
    heavier = SimilarityGraph(3 * graph.weights, graph.ignored)
    assert float(info_nce(rows, rows, heavier)) == pytest.approx(float(info_nce(rows, rows, graph)), rel=1e-6)


def test_a_graph_without_edges_gives_zero_and_no_gradient():
    rows = torch.randn(4, 3, requires_grad=True)
    loss = info_nce(rows, rows, SimilarityGraph.of_labels(torch.full((4,), -1)))
    loss.backward()
    assert loss == 0
    assert torch.equal(rows.grad, torch.zeros(4, 3))


def test_a_row_whose_keys_are_all_ignored_leaves_no_nan():
    rows, graph = torch.randn(4, 3, requires_grad=True), SimilarityGraph.augmentation(2)
    ignored = graph.ignored.clone()
    ignored[0] = True
    info_nce(rows, rows, SimilarityGraph(graph.weights, ignored)).backward()
    assert rows.grad.isfinite().all()


def test_bfloat16_autocast_changes_nothing():
    rows, graph = torch.randn(16, 8), SimilarityGraph.augmentation(8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = info_nce(rows, rows, graph)
    assert torch.equal(loss, info_nce(rows, rows, graph))


def test_misfits_are_refused():
    rows = torch.randn(4, 3)
    with pytest.raises(RecipeError, match="temperature"):
        info_nce(rows, rows, SimilarityGraph.augmentation(2), temperature=0.0)
    with pytest.raises(RecipeError, match=r"\(6, 6\)"):
        info_nce(rows, rows, SimilarityGraph.augmentation(3))


def test_many_pairs_are_compared_in_parts_with_the_same_loss_and_gradient(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(60, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(-1, 6, (60,), generator=generator)
    graph = SimilarityGraph.of_labels(labels).union(SimilarityGraph.augmentation(30))
    whole = info_nce(rows, rows, graph)
    (gradient,) = torch.autograd.grad(whole, rows)
    monkeypatch.setattr(sys.modules[info_nce.__module__], "MOST_PAIRS", 7 * 60)
    parts = info_nce(rows, rows, graph)
    assert torch.allclose(parts, whole, rtol=1e-12)
    assert torch.allclose(torch.autograd.grad(parts, rows)[0], gradient, rtol=1e-10, atol=1e-14)
