"""Contrast of many views: closed forms, NT-Xent for two views, loops written out, and edges beyond a sample's own views."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import SimilarityGraph, info_nce, mv_dhel, mv_info_nce


def drawn(views=3, batch=5, dim=4, seed=0):
    return torch.randn(views, batch, dim, generator=torch.Generator().manual_seed(seed))


def scores(views, temperature):
    rows = F.normalize(views, dim=2)
    return torch.einsum("lid,mjd->limj", rows, rows) / temperature


@pytest.mark.parametrize("count", [2, 3, 5])
def test_collapse_has_its_closed_form(count):
    batch, temperature = 7, 0.3
    collapsed = torch.ones(count, batch, 4)
    assert float(mv_info_nce(collapsed, temperature)) == pytest.approx(math.log((count * batch - 1) / (count - 1)), rel=1e-5)
    pairs = count * (count - 1) / 2
    wanted = (count - 1) / temperature - math.log(pairs) + count * math.log(batch - 1)
    assert float(mv_dhel(collapsed, temperature)) == pytest.approx(wanted, rel=1e-5)


def test_orthogonal_aligned_samples_have_their_closed_form():
    views, temperature = torch.eye(6).expand(2, 6, 6), 0.5
    assert float(mv_info_nce(views, temperature)) == pytest.approx(math.log(1 + 10 * math.exp(-2)), rel=1e-5)
    assert float(mv_dhel(views, temperature)) == pytest.approx(-2 + 2 * math.log(5), rel=1e-5)


def test_both_are_what_the_publication_writes():
    views, temperature = drawn(), 0.4
    raised = scores(views, temperature).exp()
    info, decoupled = 0.0, 0.0
    for i in range(5):
        positive = sum(float(raised[a, i, b, i]) for a in range(3) for b in range(3) if a != b)
        every = sum(float(raised[a, i, b, j]) for a in range(3) for b in range(3) for j in range(5) if (a, i) != (b, j))
        info -= math.log(positive / every) / 5
        spread = math.prod(sum(float(raised[a, i, a, j]) for j in range(5) if j != i) for a in range(3))
        decoupled -= math.log(positive / 2 / spread) / 5
    assert float(mv_info_nce(views, temperature)) == pytest.approx(info, rel=1e-5)
    assert float(mv_dhel(views, temperature)) == pytest.approx(decoupled, rel=1e-5)


def test_two_views_of_equal_standing_are_nt_xent():
    """Where both views of a sample see equally much of the others, the two logarithms of NT-Xent are the one of MV-InfoNCE."""
    both = drawn(1).expand(2, -1, -1).reshape(-1, 4)
    pair = info_nce(both, both, SimilarityGraph.augmentation(5), 0.2)
    assert float(mv_info_nce(both.unflatten(0, (2, 5)), 0.2)) == pytest.approx(float(pair), rel=1e-5)


@pytest.mark.parametrize("objective", [mv_info_nce, mv_dhel])
def test_order_of_views_and_samples_and_lengths_do_not_matter(objective):
    views = drawn()
    shuffled = views[[2, 0, 1]][:, [3, 1, 0, 4, 2]] * torch.rand(3, 5, 1).add(0.5)
    assert float(objective(shuffled)) == pytest.approx(float(objective(views)), rel=1e-5)


@pytest.mark.parametrize("objective", [mv_info_nce, mv_dhel])
def test_a_graph_without_edges_changes_nothing_and_edges_attract(objective):
    views = drawn()
    alone = SimilarityGraph.of_labels(torch.arange(5))
    assert torch.equal(objective(views, 0.2, alone), objective(views, 0.2))
    fellows = SimilarityGraph.of_labels(torch.tensor([0, 0, 1, 2, 3]))
    apart = torch.eye(5).expand(3, 5, 5).clone().requires_grad_()
    objective(apart, 0.5, fellows).backward()
    towards = -apart.grad
    assert (towards[:, 0, 1] > 0).all()
    assert (towards[:, 2, 3] < 0).all()


def test_one_label_for_all_leaves_nothing_to_push_from():
    graph = SimilarityGraph.of_labels(torch.zeros(5, dtype=torch.int64))
    views = drawn().requires_grad_()
    mv_dhel(views, 0.2, graph).backward()
    assert views.grad.isfinite().all()


@pytest.mark.parametrize("objective", [mv_info_nce, mv_dhel])
def test_what_does_not_fit_is_refused(objective):
    for wrong in (drawn(1), drawn(2, 1), torch.ones(3, 4)):
        with pytest.raises(RecipeError, match="at least two views"):
            objective(wrong)
    with pytest.raises(RecipeError, match="temperature"):
        objective(drawn(), 0.0)
    with pytest.raises(RecipeError, match="graph"):
        objective(drawn(), 0.2, SimilarityGraph.augmentation(5))
