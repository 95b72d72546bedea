"""Learning what the classifier before says: of samples without labels, and of those with wrong ones."""

import copy

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.methods import find
from tests.methods.labels.test_cross_entropy import Line, batch


def teacher(seed=0, classes=3):
    torch.manual_seed(seed)
    return find("CrossEntropy")(Line(), classes=classes)


def student(previous, **options):
    torch.manual_seed(1)
    model = find("SelfDistillation")(Line(), **{"classes": 3, **options})
    model.begin(previous)
    return model


def told(model, view):
    return model.head(model.encoder(view).pooled)


def loss(model, view):
    return model([view], torch.Generator()).total


def test_without_labels_the_teacher_alone_counts():
    previous, view = teacher(), batch([-1, -1, -1])
    model = student(previous, temperature=2.0)
    expected = F.cross_entropy(told(model, view) / 2, (told(previous, view) / 2).softmax(1))
    assert loss(model, view).item() == pytest.approx(expected.item(), rel=1e-5)


def test_pseudo_labels_are_the_teachers_most_probable_classes():
    previous, view = teacher(), batch([-1, -1, -1, 0])
    model = student(previous, hard=True)
    expected = F.cross_entropy(told(model, view), told(previous, view).argmax(1))
    assert loss(model, view).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_share_above_one_unlearns_labels():
    previous, view = teacher(), batch([0, 1, 2, 1])
    model = student(previous, imitated=1.5)
    soft = F.cross_entropy(told(model, view), told(previous, view).softmax(1))
    expected = 1.5 * soft - 0.5 * F.cross_entropy(told(model, view), view.labels)
    assert loss(model, view).item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_teacher_stays_what_it_was():
    previous, view = teacher(), batch([0, 1, 2, 1])
    model = student(previous)
    kept = copy.deepcopy(model.teacher_head.state_dict())
    with torch.no_grad():
        previous.head.weight.zero_()
    optimiser = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=1.0)
    model.train().update([view], optimiser, torch.Generator())
    assert all(torch.equal(kept[name], now) for name, now in model.teacher_head.state_dict().items())
    assert not any(module.training for module in model.teacher_encoder.network.modules())


def test_a_student_comes_to_say_what_its_teacher_says():
    previous, model = teacher(), student(teacher())
    optimiser = torch.optim.Adam([weight for weight in model.parameters() if weight.requires_grad], lr=0.05)
    for step in range(150):
        model.update([batch([-1] * 32, seed=step)], optimiser, torch.Generator())
    view = batch([-1] * 64, seed=999)
    assert torch.allclose(told(model, view).softmax(1), told(previous, view).softmax(1), atol=0.03)


def test_it_needs_a_classifier_of_the_same_classes_before_it():
    for previous in (None, teacher(classes=4)):
        with pytest.raises(RecipeError, match="the classifier of the stage before"):
            student(previous)
