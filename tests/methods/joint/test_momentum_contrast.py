"""Momentum contrast with a queue (MoCo), on one side or both, with a predictor (MoCo v3), under each objective."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.objectives import SimilarityGraph, info_nce


def views_of(digits, rows=12, seed=0):
    return digits.views(torch.arange(rows), torch.Generator().manual_seed(seed))


def made(digits, **options):
    torch.manual_seed(0)
    return find("MomentumContrast")(digits.encoder(), **{"projector": [16, 8], "spread": 0.0, **options}).eval()


def projected(method, view):
    return method.head(method.encoder(view).pooled)


def only(weights):
    return SimilarityGraph(weights, torch.zeros(weights.shape, dtype=torch.bool))


def test_on_one_side_the_second_view_is_looked_for_among_the_first_of_all_and_the_queue(digits):
    method, (first, second) = made(digits, queue=20, symmetric=False), views_of(digits)
    past = F.normalize(torch.randn(20, 8), dim=1)
    method.memory.add(past)
    outcome = method([first, second], torch.Generator())
    candidates = torch.cat([projected(method, first), past])
    wanted = info_nce(projected(method, second), candidates, only(torch.eye(12, 32)), 0.1)
    assert outcome.total.item() == pytest.approx(wanted.item(), rel=1e-4)
    assert torch.allclose(method.memory.kept[:12], F.normalize(projected(method, first), dim=1), atol=1e-5)
    assert torch.equal(method.memory.kept[12:], past[12:])


def test_each_side_encodes_one_view_alone(digits):
    method = made(digits, symmetric=False)
    seen = {"student": 0, "teacher": 0}
    for name, module in (("student", method.encoder), ("teacher", method.teacher_encoder)):
        module.register_forward_pre_hook(lambda module, inputs, name=name: seen.__setitem__(name, seen[name] + len(inputs[0])))
    method(views_of(digits), torch.Generator())
    assert seen == {"student": 12, "teacher": 12}


def test_a_queue_makes_the_task_harder(digits):
    """More candidates, and the same positives: the loss at the start is about the logarithm of their number."""
    short, long = made(digits, temperature=100.0), made(digits, temperature=100.0, queue=200)
    long.memory.add(torch.randn(200, 8))
    losses = [method(views_of(digits), torch.Generator()).total.item() for method in (short, long)]
    assert losses == pytest.approx(torch.tensor([12.0, 212.0]).log().tolist(), abs=0.05)


def test_a_queue_knows_no_groups(digits):
    with pytest.raises(RecipeError, match="remembers no groups"):
        made(digits, queue=20, same="group")


def test_a_predictor_is_the_students_alone(digits):
    method = made(digits, predictor=16, norms="all").train()
    before = [weight.clone() for weight in method.predict.parameters()]
    optimiser = torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.1)
    method.update(views_of(digits), optimiser, torch.Generator(), 0.0)
    assert any(not torch.equal(old, new) for old, new in zip(before, method.predict.parameters(), strict=True))
    assert not [name for name, _ in method.teacher_head.named_parameters() if "predict" in name]
    assert method.teacher_head.momentum_at(1.0) == 0.99


def test_both_ways_is_the_mean_of_one_way_and_the_other(digits):
    views = views_of(digits)
    both, one = made(digits), made(digits, symmetric=False)
    ways = [one(order, torch.Generator()).total.item() for order in (views, views[::-1])]
    assert both(views, torch.Generator()).total.item() == pytest.approx(sum(ways) / 2, rel=1e-4)


@pytest.mark.parametrize(("norms", "kinds"), [("hidden", [1, 0]), ("all", [1, 1]), ("none", [0, 0])])
def test_norms_are_where_they_are_asked_for(digits, norms, kinds):
    head = made(digits, norms=norms).head
    linear = [number for number, layer in enumerate(head) if isinstance(layer, torch.nn.Linear)]
    follows = [isinstance(head[number + 1], torch.nn.BatchNorm1d) if number + 1 < len(head) else False for number in linear]
    assert follows == [bool(kind) for kind in kinds]


def test_objectives_are_those_of_their_names(digits):
    views = views_of(digits)
    losses = {
        name: made(digits, objective=name)(views, torch.Generator()).total.item() for name in ("softmax", "decoupled", "sigmoid")
    }
    assert losses["decoupled"] < losses["softmax"], "the positive is no candidate"
    learned = dict(made(digits, objective="sigmoid", temperature=0.2).named_parameters())
    assert learned["log_scale"].exp().item() == pytest.approx(5.0)
    assert learned["offset"].item() == -10.0
