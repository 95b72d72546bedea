"""PS-KD: plain labels at first, then softened by what was said of the same sample an epoch ago."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.methods import find
from tests.methods.labels.test_cross_entropy import Line, batch


def method(**options):
    torch.manual_seed(0)
    return find("ProgressiveDistillation")(Line(), **{"classes": 3, "samples": 6, **options})


def logits(model, view):
    return model.head(model.encoder(view).pooled)


def loss(model, *views):
    return model(list(views), torch.Generator()).total


def test_what_is_seen_for_the_first_time_has_only_its_label():
    model, view = method(), batch([0, 1, 2, 1])
    model.after_update(1.0)
    assert loss(model, view).item() == pytest.approx(F.cross_entropy(logits(model, view), view.labels).item())


def test_a_label_is_softened_by_what_was_said_last_time():
    model, view = method(softening=0.8), batch([0, 1, 2, 1])
    before = logits(model, view).softmax(1).detach()
    loss(model, view)
    model.after_update(0.5)
    torch.nn.init.normal_(model.head.weight)  # it learns, and says something else
    targets = 0.6 * F.one_hot(view.labels, 3) + 0.4 * before
    assert loss(model, view).item() == pytest.approx(F.cross_entropy(logits(model, view), targets).item(), rel=1e-5)


def test_the_memory_knows_samples_and_not_places_in_a_batch():
    model, view = method(), batch([0, 1, 2, 1])
    loss(model, view)
    model.after_update(1.0)
    turned = view.select(torch.tensor([3, 2, 1, 0]))
    assert loss(model, turned).item() == pytest.approx(loss(model, view).item(), rel=1e-5)


def test_evaluation_writes_nothing_and_unlabelled_samples_shape_nothing():
    model, view = method(), batch([0, 1, -1, -1])
    model.eval()
    loss(model, view)
    assert not model.past.known.any()
    assert loss(model, view).item() == pytest.approx(loss(model, view.select(torch.tensor([0, 1]))).item(), rel=1e-5)
    nothing = loss(model.train(), batch([-1, -1]))
    nothing.backward()
    assert nothing.item() == 0
