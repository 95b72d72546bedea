"""Relations: a cross-entropy between two soft nearest-neighbour assignments, its floor and its ceiling."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import relation_cross_entropy


def test_it_is_the_cross_entropy_of_relations():
    students, teachers, anchors = torch.randn(4, 5), torch.randn(4, 5), torch.randn(7, 5)
    cosine = lambda rows: F.cosine_similarity(rows[:, None], anchors[None], dim=2)  # noqa: E731
    relations = (cosine(teachers) / 0.04).softmax(1)
    wanted = -(relations * (cosine(students) / 0.1).softmax(1).log()).sum(1).mean()
    assert float(relation_cross_entropy(students, teachers, anchors)) == pytest.approx(float(wanted), rel=1e-4)


def test_equally_like_all_anchors_costs_their_logarithm():
    anchors = torch.eye(6)
    assert float(relation_cross_entropy(torch.ones(3, 6), torch.randn(3, 6), anchors)) == pytest.approx(math.log(6), rel=1e-5)


def test_equal_views_at_equal_temperature_cost_the_entropy_and_have_no_gradient():
    rows, anchors = torch.randn(5, 4, requires_grad=True), torch.randn(9, 4)
    loss = relation_cross_entropy(rows, rows.detach(), anchors, 0.2, 0.2)
    relations = (F.normalize(rows.detach(), dim=1) @ F.normalize(anchors, dim=1).T / 0.2).softmax(1)
    assert float(loss) == pytest.approx(float(torch.special.entr(relations).sum(1).mean()), rel=1e-5)
    loss.backward()
    assert rows.grad.abs().max() < 1e-5


def test_a_rotation_of_all_and_lengths_do_not_matter():
    students, teachers, anchors = torch.randn(4, 5), torch.randn(4, 5), torch.randn(7, 5)
    turn = torch.linalg.qr(torch.randn(5, 5))[0]
    turned = relation_cross_entropy(3 * students @ turn, teachers @ turn, 0.5 * anchors @ turn)
    assert float(turned) == pytest.approx(float(relation_cross_entropy(students, teachers, anchors)), rel=1e-3)


def test_misfits_are_refused():
    rows = torch.randn(4, 5)
    with pytest.raises(RecipeError, match="anchors"):
        relation_cross_entropy(rows, rows, torch.randn(7, 4))
    with pytest.raises(RecipeError, match="anchors"):
        relation_cross_entropy(rows, rows, rows[:0])
    with pytest.raises(RecipeError, match="teacher_temperature"):
        relation_cross_entropy(rows, rows, rows, 0.1, 0.0)
