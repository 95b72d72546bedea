"""The supervised baseline: its loss in closed form, what unlabelled samples do, and what it learns."""

import math

import pytest
import torch

from selflearn.data import Batch
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import Encoder, Features


class Line(Encoder):
    """One linear layer."""

    dim = 4
    settings = {"name": "line"}

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 4)

    def forward(self, batch, mask=None, layers=False):
        return Features(self.layer(batch.values))


def batch(labels, seed=0):
    values = torch.randn(len(labels), 3, generator=torch.Generator().manual_seed(seed))
    return Batch(values, torch.arange(len(labels)), torch.tensor(labels))


def method(**options):
    torch.manual_seed(0)
    return find("CrossEntropy")(Line(), **{"classes": 3, **options})


def loss(model, *views):
    return model(list(views), torch.Generator()).total


def test_a_classifier_that_knows_nothing_loses_the_logarithm_of_the_classes():
    model = method()
    torch.nn.init.zeros_(model.head.weight)
    torch.nn.init.zeros_(model.head.bias)
    assert loss(model, batch([0, 1, 2, 2])).item() == pytest.approx(math.log(3))


def test_views_are_averaged_and_unlabelled_samples_shape_nothing():
    model = method()
    one, two = batch([0, 1, 2, 1]), batch([0, 1, 2, 1], seed=1)
    assert loss(model, one, two).item() == pytest.approx((loss(model, one) + loss(model, two)).item() / 2, rel=1e-5)
    assert loss(model, batch([0, 1, -1, -1])).item() == pytest.approx(
        loss(model, one.select(torch.tensor([0, 1]))).item(), rel=1e-5
    )


def test_a_batch_without_labels_has_no_gradient_but_a_loss():
    model = method()
    total = loss(model, batch([-1, -1]))
    total.backward()
    assert total.item() == 0
    assert not model.head.weight.grad.any()


def test_a_label_beyond_the_classes_says_what_to_set():
    with pytest.raises(RecipeError, match="set classes to at least 4"):
        loss(method(), batch([0, 3]))
