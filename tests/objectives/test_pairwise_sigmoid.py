"""The pairwise sigmoid: known values, pairs that do not know of each other, and what its two numbers are pulled to."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import SimilarityGraph, pairwise_sigmoid


def softplus(value):
    return math.log1p(math.exp(value))


def edges(count):
    return SimilarityGraph(torch.eye(count), torch.zeros(count, count, dtype=torch.bool))


def test_it_is_the_mean_over_rows_of_a_sum_over_pairs():
    first, second = F.normalize(torch.randn(5, 4), dim=1), F.normalize(torch.randn(5, 4), dim=1)
    total = 0.0
    for i in range(5):
        for j in range(5):
            logit = 8 * float(first[i] @ second[j]) - 3
            total += softplus(-logit) if i == j else softplus(logit)
    assert float(pairwise_sigmoid(3 * first, second, edges(5), 8.0, -3.0)) == pytest.approx(total / 5, rel=1e-5)


def test_collapse_costs_every_negative_its_own():
    rows = torch.ones(6, 3)
    wanted = softplus(-(2 - 1)) + 5 * softplus(2 - 1)
    assert float(pairwise_sigmoid(rows, rows, edges(6), 2.0, -1.0)) == pytest.approx(wanted, rel=1e-5)


def test_a_row_does_not_look_at_other_rows():
    rows, keys = torch.randn(4, 3), torch.randn(4, 3)
    alone = [
        pairwise_sigmoid(rows[[i]], keys, SimilarityGraph(torch.eye(4)[[i]], torch.zeros(1, 4, dtype=torch.bool))) for i in range(4)
    ]
    assert float(pairwise_sigmoid(rows, keys, edges(4))) == pytest.approx(float(torch.stack(alone).mean()), rel=1e-5)


def test_ignored_pairs_are_no_pairs_and_weights_are_weights():
    rows = torch.randn(3, 4)
    views = SimilarityGraph.augmentation(3)
    both = torch.cat([rows, rows])
    near = float(pairwise_sigmoid(both, both, views, 1.0, 0.0))
    heavy = float(pairwise_sigmoid(both, both, SimilarityGraph(3 * views.weights, views.ignored), 1.0, 0.0))
    assert heavy - near == pytest.approx(2 * softplus(-1.0), rel=1e-4)


def test_scale_and_bias_learn():
    rows = torch.eye(6)
    scale, bias = torch.tensor([2.0], requires_grad=True), torch.tensor([0.0], requires_grad=True)
    pairwise_sigmoid(rows, rows, edges(6), scale, bias).backward()
    assert scale.grad < 0 < bias.grad, "pairs that are told apart ask for a steeper scale and, being few, a lower bias"


def test_a_graph_that_does_not_fit_is_refused():
    with pytest.raises(RecipeError, match="pairwise_sigmoid needs"):
        pairwise_sigmoid(torch.randn(4, 3), torch.randn(5, 3), edges(4))
