"""InfoNCE: known values, equality with NT-Xent and SupCon written out another way, and what a graph without edges does."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RecipeError
from selflearn.objectives import SimilarityGraph, info_nce, pairwise_sigmoid, parts


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


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_decoupled_leaves_every_positive_out_of_the_logarithm(temperature):
    first, second = F.normalize(torch.randn(6, 5), dim=1), F.normalize(torch.randn(6, 5), dim=1)
    rows = torch.cat([first, second])
    losses = []
    for i, row in enumerate(rows):
        scores = [float(row @ other) / temperature for other in rows]
        partner = (i + 6) % 12
        losses.append(math.log(sum(math.exp(score) for k, score in enumerate(scores) if k not in {i, partner})) - scores[partner])
    loss = info_nce(rows, rows, SimilarityGraph.augmentation(6), temperature, decoupled=True)
    assert float(loss) == pytest.approx(sum(losses) / 12, rel=1e-4)


def test_decoupled_at_collapse_and_for_orthogonal_pairs():
    graph = SimilarityGraph.augmentation(5)
    assert float(info_nce(torch.ones(10, 3), torch.ones(10, 3), graph, 0.1, decoupled=True)) == pytest.approx(math.log(8), rel=1e-5)
    rows = torch.eye(5).repeat(2, 1)
    assert float(info_nce(rows, rows, graph, 0.5, decoupled=True)) == pytest.approx(math.log(8) - 2, rel=1e-4)


def test_a_found_positive_weakens_the_coupled_gradient_alone():
    """Of one query with its positive beside it and one negative: the softmax hardly pulls any more, the decoupled one as ever."""
    keys = torch.tensor([[1.0, 0.1], [-1.0, 0.3]])
    graph = SimilarityGraph(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2, dtype=torch.bool))
    pulls = []
    for decoupled in (False, True):
        query = torch.tensor([[1.0, 0.0]], requires_grad=True)
        info_nce(query, keys, graph, 0.2, decoupled).backward()
        pulls.append(float(query.grad.norm()))
    assert pulls[0] < 1e-3 < 0.5 < pulls[1]


def test_a_row_without_negatives_is_attracted_and_not_repelled():
    rows = torch.randn(2, 3, requires_grad=True)
    loss = info_nce(rows, rows, SimilarityGraph.augmentation(1), 0.5, decoupled=True)
    loss.backward()
    assert loss.item() == pytest.approx(-F.cosine_similarity(rows[:1], rows[1:]).item() / 0.5, rel=1e-4)
    assert rows.grad.isfinite().all()


@pytest.mark.parametrize("loss", [info_nce, lambda *args: info_nce(*args, decoupled=True), pairwise_sigmoid])
def test_many_pairs_are_compared_in_parts_with_the_same_loss_and_gradient(loss, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(60, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(-1, 6, (60,), generator=generator)
    graph = SimilarityGraph.of_labels(labels).union(SimilarityGraph.augmentation(30))
    whole = loss(rows, rows, graph)
    (gradient,) = torch.autograd.grad(whole, rows)
    monkeypatch.setattr(parts, "MOST_PAIRS", 7 * 60)
    by_parts = loss(rows, rows, graph)
    assert torch.allclose(by_parts, whole, rtol=1e-12)
    assert torch.allclose(torch.autograd.grad(by_parts, rows)[0], gradient, rtol=1e-10, atol=1e-14)
