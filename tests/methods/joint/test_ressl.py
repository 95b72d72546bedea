"""ReSSL: the teacher sees the first view, the student the others; relations to a past of other samples are what agrees."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.methods import find
from selflearn.objectives import relation_cross_entropy

VIEWS = {"name": "several", "of": {"teacher": "weak", "student": "standard"}}


def made(digits, **options):
    torch.manual_seed(0)
    return find("ReSSL")(digits.encoder(), **{"projector": [16, 8], "queue": 20, **options}).eval()


def views_of(digits):
    return digits.views(torch.arange(10), torch.Generator().manual_seed(0), **VIEWS)


def test_relations_to_the_past_follow_the_teachers_and_its_embeddings_are_remembered(digits):
    method, views = made(digits), views_of(digits)
    past = F.normalize(torch.randn(20, 8), dim=1)
    method.memory.add(past)
    told, *seen = (method.head(method.encoder(view).pooled) for view in views)
    assert len(seen) == 2
    wanted = torch.stack([relation_cross_entropy(each, told, past) for each in seen]).mean()
    assert method(views, torch.Generator()).total.item() == pytest.approx(wanted.item(), rel=1e-4)
    assert torch.allclose(method.memory.kept[:10], F.normalize(told, dim=1), atol=1e-5)


def test_until_the_queue_is_full_relations_are_to_the_batch(digits):
    method, views = made(digits), views_of(digits)
    told, *seen = (method.head(method.encoder(view).pooled) for view in views)
    wanted = torch.stack([relation_cross_entropy(each, told, told) for each in seen]).mean()
    assert method(views, torch.Generator()).total.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_samples_are_not_pushed_apart(digits):
    """Two samples that relate alike to the past may have one embedding: unlike in a contrast, that costs nothing more."""
    method, views = made(digits).eval(), views_of(digits)
    method.memory.add(torch.randn(20, 8))
    twins = [view.select(torch.zeros(10, dtype=torch.long)) for view in views]
    alone = [view.select(torch.tensor([0])) for view in views]
    method.memory.follow(-1.0)  # closed: what is remembered stays
    losses = [method(each, torch.Generator()).total.item() for each in (twins, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
