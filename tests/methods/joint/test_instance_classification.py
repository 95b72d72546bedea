"""Every sample a class: the loss in closed form, what must be known, and where the classes come from."""

import math

import pytest
import torch

from selflearn import recipes
from selflearn.data import read, subset
from selflearn.errors import RecipeError
from selflearn.methods import find


def made(digits, **options):
    torch.manual_seed(0)
    return find("InstanceClassification")(digits.encoder(), **{"samples": 40, **options})


def views_of(digits, rows=16):
    return digits.views(torch.arange(rows), torch.Generator().manual_seed(0))


def test_a_classifier_that_knows_nothing_costs_the_logarithm_of_the_samples(digits):
    method = made(digits)
    torch.nn.init.zeros_(method.head.weight)
    assert method(views_of(digits), torch.Generator()).total.item() == pytest.approx(math.log(40), rel=1e-5)


def test_the_target_is_the_samples_own_position_whatever_its_label(digits):
    method, views = made(digits, smoothing=0.3).eval(), views_of(digits)
    logs = [method.head(method.encoder(view).pooled).log_softmax(1) for view in views]
    own = [-(0.7 * each.diagonal() + 0.3 * each.mean(1)).mean().item() for each in logs]
    assert method(views, torch.Generator()).total.item() == pytest.approx(sum(own) / 2, rel=1e-4)


def test_it_learns_to_tell_samples_from_each_other(digits):
    method, generator = made(digits, smoothing=0.0), torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    for step in range(40):
        outcome = method.update(digits.views(torch.arange(40), generator), optimiser, generator, step / 40)
    assert outcome.total.item() < 0.6 * math.log(40)
    assert not outcome.can_collapse


def test_the_plan_counts_the_samples(digits):
    few = subset(read("digits"), range(64))
    stage = recipes.load("diet", "small").stages[0]
    assert stage.options["samples"] is None
    assert recipes.build_method(stage, digits.encoder(), 0, few).head.out_features == 64
    with pytest.raises(RecipeError, match="set samples"):
        recipes.build_method(stage, digits.encoder(), 0)


def test_samples_without_a_class_are_refused(digits):
    made(digits).check_data(40)
    with pytest.raises(RecipeError, match="raise samples"):
        made(digits).check_data(41)
