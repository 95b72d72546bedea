"""NNCLR: the positive of a view is the past sample most like it; without a past it is the view itself."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.methods import find
from selflearn.objectives import SimilarityGraph, info_nce


def made(digits, **options):
    torch.manual_seed(0)
    return find("NNCLR")(digits.encoder(), **{"projector": [16, 8], "predictor": 16, "queue": 30, **options}).eval()


def views_of(digits):
    return digits.views(torch.arange(10), torch.Generator().manual_seed(0))


def test_the_neighbour_of_one_view_finds_the_prediction_of_the_other(digits):
    method, views = made(digits), views_of(digits)
    past = torch.randn(30, 8)
    method.memory.add(past)
    first, second = (method.head(method.encoder(view).pooled) for view in views)
    near = [past[(F.normalize(each, dim=1) @ F.normalize(past, dim=1).T).argmax(1)] for each in (first, second)]
    own = SimilarityGraph(torch.eye(10), torch.zeros(10, 10, dtype=torch.bool))
    ways = [info_nce(near[0], method.predict(second), own), info_nce(near[1], method.predict(first), own)]
    assert method(views, torch.Generator()).total.item() == pytest.approx((ways[0] + ways[1]).item() / 2, rel=1e-4)
    kept = F.normalize(first, dim=1)
    assert torch.allclose(method.memory.kept[:10], kept, atol=1e-5), "first views are remembered"


def test_until_the_queue_is_full_a_view_is_its_own_neighbour(digits):
    method, views = made(digits), views_of(digits)
    first, second = (method.head(method.encoder(view).pooled).detach() for view in views)
    own = SimilarityGraph(torch.eye(10), torch.zeros(10, 10, dtype=torch.bool))
    ways = [info_nce(first, method.predict(second), own), info_nce(second, method.predict(first), own)]
    assert method(views, torch.Generator()).total.item() == pytest.approx((ways[0] + ways[1]).item() / 2, rel=1e-4)


def test_samples_of_one_neighbour_are_pulled_to_the_same_place(digits):
    method, views = made(digits, queue=2), views_of(digits)
    past = torch.stack([torch.ones(8), -torch.ones(8)])
    method.memory.add(past)
    neighbours = method.memory.nearest(method.head(method.encoder(views[0]).pooled))
    assert len(neighbours.unique(dim=0)) <= 2
    assert not neighbours.requires_grad
