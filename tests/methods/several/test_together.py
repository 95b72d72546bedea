"""Methods together: their losses are those of each alone, weighted, and what any of them needs or refuses the whole does."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.methods.labels.cross_entropy import CrossEntropy
from selflearn.recipes import load, uses_labels

TASKS = {
    "contrast": {"fit": "SimCLR", "projector": [16, 8], "views": [0, 1]},
    "labels": {"fit": "CrossEntropy", "weight": 3.0, "views": [0]},
}


def made(digits, tasks=None, **options):
    torch.manual_seed(0)
    return find("Together")(digits.encoder(), tasks=tasks or TASKS, **{"classes": 10, **options})


def test_losses_are_those_of_each_alone_on_its_views(digits):
    method = made(digits).eval()
    views = digits.views(torch.arange(24), torch.Generator().manual_seed(0))
    losses = method(views, torch.Generator()).losses
    contrast, labels = method.methods["contrast"], method.methods["labels"]
    assert losses["contrast"].item() == pytest.approx(contrast(views, torch.Generator()).total.item())
    assert losses["labels"].item() == pytest.approx(3 * labels(views[:1], torch.Generator()).total.item())


def test_the_encoder_is_one_and_is_trained_once(digits):
    method = made(digits)
    assert all(part.encoder is method.encoder for part in method.methods.values())
    names = [id(weight) for weight in method.parameters()]
    assert len(names) == len(set(names))


def test_state_goes_around(digits):
    first, second = made(digits), made(digits)
    for weight in first.parameters():
        torch.nn.init.constant_(weight, 0.5)
    second.load_state_dict(first.state_dict())
    assert all(bool((weight == 0.5).all()) for weight in second.parameters())


def test_losses_of_several_parts_keep_their_names(digits):
    method = made(digits, {"statistics": {"fit": "VICReg", "projector": [16, 16]}})
    views = digits.views(torch.arange(24), torch.Generator().manual_seed(0))
    outcome = method(views, torch.Generator())
    assert set(outcome.losses) == {"statistics: invariance", "statistics: variance", "statistics: covariance"}
    assert outcome.can_collapse
    assert not made(digits)(views, torch.Generator()).can_collapse


def test_teachers_of_tasks_follow(digits):
    method = made(digits, {"teacher": {"fit": "BYOL", "projector": [16, 8], "predictor": 16}})
    teacher = method.methods["teacher"]
    before = {name: value.clone() for name, value in teacher.state_dict().items() if "teacher" in name}
    for weight in method.encoder.parameters():
        weight.data.add_(1.0)
    method.after_update(0.5)
    assert any(not torch.equal(value, teacher.state_dict()[name]) for name, value in before.items())


def test_some_tasks_can_learn_alone(digits):
    method = made(digits, only=["labels"])
    losses = method(digits.views(torch.arange(24), torch.Generator()), torch.Generator()).losses
    assert list(losses) == ["labels"]
    assert find("Together").parts({"tasks": TASKS, "only": ["contrast"]}) == (find("Together"), find("SimCLR"))
    with pytest.raises(RecipeError, match="did you mean 'labels'"):
        made(digits, only=["label"])


def test_its_parts_decide_whether_labels_are_used():
    together = find("Together")
    assert CrossEntropy in together.parts({"tasks": TASKS})
    assert not any(part.uses_labels for part in together.parts({"tasks": {"contrast": TASKS["contrast"]}}))
    assert uses_labels(load("selftask", "small", {}, "graph"))


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ({"a": {"projector": [8]}}, "must be a mapping with 'fit'"),
        ({"a": {"fit": "SimClrr"}}, "there is no method"),
        ({"a": {"fit": "SimCLR", "temprature": 1.0}}, "did you mean 'temperature'"),
        ({"a": {"fit": "SimCLR", "weight": -1}}, "weight = -1 must be"),
        ({"a": {"fit": "SimCLR", "temperature": -1.0}}, "task 'a'.*temperature"),
        ({"a": {"fit": "MAE"}}, "task 'a'.*tokens"),
    ],
)
def test_a_task_that_cannot_be_says_which(digits, tasks, words):
    with pytest.raises(RecipeError, match=words):
        made(digits, tasks)


def test_views_that_are_not_there_are_named(digits):
    method = made(digits, {"contrast": {"fit": "SimCLR", "projector": [16, 8], "views": [0, 5]}})
    with pytest.raises(RecipeError, match="numbers from 0 to 1"):
        method(digits.views(torch.arange(8), torch.Generator()), torch.Generator())
    with pytest.raises(RecipeError, match="no tasks"):
        find("Together")(digits.encoder())
