"""What a plan takes from the data, and what it refuses before anything is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data import ReadOptions, read, subset
from selflearn.errors import RecipeError
from selflearn.networks import Encoder, Features
from selflearn.recipes import check_plan, load, run_plan
from selflearn.training import Budget, RunFolder


class OneSize(Encoder):
    """A linear layer on all pixels: no other size fits."""

    dim = 8
    settings = {"name": "one-size"}

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.layer = torch.nn.Linear(spec.channels * spec.height * spec.width, 8)

    def forward(self, batch, mask=None, layers=False):
        return Features(self.layer(batch.values.flatten(1)))


class AnySize(OneSize):
    """Says so."""

    capabilities = frozenset({"any-size"})

    def forward(self, batch, mask=None, layers=False):
        return Features(self.layer(torch.nn.functional.interpolate(batch.values, (8, 8)).flatten(1)))


class UndeclaredSize(AnySize):
    """Can, and does not say so."""

    capabilities = frozenset()


@pytest.fixture(scope="module")
def digits():
    return read("digits")


def swav():
    return load("swav", "small", {"projector": [16, 8], "prototypes": 12, "queue": 64, "views": "multicrop", "batch": 32})


def test_the_classes_of_a_classifier_are_the_datas(digits):
    few = subset(digits, np.flatnonzero(digits.labels < 10)[:64])
    outcome = run_plan(load("cross-entropy"), few, AnySize(digits.spec), Budget.parse("1steps"), device="cpu")
    assert outcome.method.head.out_features == 10
    assert (
        run_plan(
            load("cross-entropy", None, {"classes": 12}), few, AnySize(digits.spec), Budget.parse("1steps"), device="cpu"
        ).method.head.out_features
        == 12
    )


@pytest.mark.parametrize("recipe", ["rotation", "jigsaw"])
def test_tiles_and_turns_of_a_sample_are_one_sample(digits, recipe):
    few = subset(digits, range(64))
    plan = load(recipe, "small", {"batch": 16, "views.size": 16})
    encoder = AnySize(digits.spec)
    check_plan(plan, few, encoder, 0, 64)
    outcome = run_plan(plan, few, encoder, Budget.parse("2epochs"), device="cpu")
    assert (outcome.stages[0].samples, outcome.stages[0].step) == (128, 8)


def test_tiles_that_an_encoder_cannot_take_are_refused(digits):
    with pytest.raises(RecipeError, match=r"tiles \(1 x 7 x 7\), and the encoder one-size"):
        check_plan(load("jigsaw", "small", {"views.size": 16}), digits, OneSize(digits.spec), 0, 100)
    with pytest.raises(RecipeError, match="larger 'size'"):
        check_plan(load("jigsaw", "small", {"views.grid": 3, "views.size": 4}), digits, AnySize(digits.spec), 0, 100)


def test_a_classifier_without_two_classes_is_refused(digits):
    images = digits.batch(range(20)).values.numpy()
    for labels in (None, np.zeros(20, dtype=int)):
        dataset = read(images, ReadOptions(kind="image", labels=labels))
        with pytest.raises(RecipeError, match="no two classes: give labels, or set classes"):
            check_plan(load("cross-entropy"), dataset, AnySize(dataset.spec), 0, 20)


def test_views_of_several_sizes_need_an_encoder_that_takes_them(digits):
    with pytest.raises(RecipeError, match=r"several sizes \(1 x 8 x 8 and 1 x 4 x 4\), and the encoder one-size takes only one"):
        check_plan(swav(), digits, OneSize(digits.spec), 0, 100)
    with pytest.raises(RecipeError, match="several sizes"):
        run_plan(swav(), digits, OneSize(digits.spec), Budget.parse("1steps"), device="cpu")


@pytest.mark.parametrize("encoder", [AnySize, UndeclaredSize])
def test_an_encoder_that_takes_them_may_have_them(digits, encoder):
    made = encoder(digits.spec).train()
    check_plan(swav(), digits, made, 0, 100)
    assert made.training


def test_views_of_one_size_need_nothing(digits):
    check_plan(load("simclr", "small"), digits, OneSize(digits.spec), 0, 100)


def test_a_plan_pauses_in_the_stage_where_its_share_ends(digits, tmp_path):
    recipe = load("simclr", "small", {"batch": 16, "projector": [8, 8]})
    recipe = recipe.model_copy(update={"stages": (recipe.stages[0], recipe.stages[0].model_copy(update={"share": 3.0}))})
    few, folder = subset(digits, np.arange(64)), RunFolder.create(tmp_path / "run")
    for until, steps in ((0.125, [2]), (0.25, [4]), (0.5, [4, 4]), (1.0, [4, 12])):
        torch.manual_seed(0)
        outcome = run_plan(
            recipe, few, AnySize(digits.spec), Budget.parse("16steps"), device="cpu", folder=folder, resume=True, until=until
        )
        assert [stage.step for stage in outcome.stages] == steps


def test_a_student_learns_from_the_stage_before_and_resumes_to_the_same_weights(digits, tmp_path):
    few = subset(digits, range(64))
    ends = []
    for name, pauses in (("whole", [1.0]), ("paused", [0.4, 0.85, 1.0])):
        folder = RunFolder.create(tmp_path / name)
        for number, until in enumerate(pauses):
            torch.manual_seed(0)
            encoder = AnySize(digits.spec)
            outcome = run_plan(
                load("self-distillation", "small", {"batch": 16, "views": "weak", "fresh": False}), few, encoder,
                Budget.parse("40steps"),
                device="cpu", folder=folder, resume=number > 0, until=until,
            )  # fmt: skip
        ends.append(outcome.method.state_dict())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not torch.equal(ends[0]["teacher_encoder.network.layer.weight"], ends[0]["encoder.layer.weight"])


def test_a_classifier_takes_layers_of_the_projector_before_it(digits):
    few = subset(digits, range(64))
    plan = load("simclr-v2", "small", {"batch": 16})
    check_plan(plan, few, AnySize(digits.spec), 0, 64)
    outcome = run_plan(plan, few, AnySize(digits.spec), Budget.parse("16steps"), device="cpu")
    assert [stage.step for stage in outcome.stages] == [12, 2, 2]
    assert outcome.method.teacher_head.network[0].out_features == 256


def test_a_student_without_a_classifier_before_it_is_refused(digits):
    plan = load("self-distillation", "small").model_copy(update={"stages": load("self-distillation", "small").stages[1:]})
    with pytest.raises(RecipeError, match="fit: CrossEntropy"):
        check_plan(plan, digits, AnySize(digits.spec), 0, 100)


def test_a_method_that_remembers_samples_is_told_how_many(digits):
    few = subset(digits, range(64))
    plan = load("progressive-distillation", "small", {"batch": 16})
    check_plan(plan, few, AnySize(digits.spec), 0, 64)
    outcome = run_plan(plan, few, AnySize(digits.spec), Budget.parse("2epochs"), device="cpu")
    assert outcome.method.past.full
    assert outcome.method.past.vectors.sum(1).tolist() == pytest.approx([1.0] * 64, abs=1e-5)
