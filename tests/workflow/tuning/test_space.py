"""Candidates: the default first, the rest drawn around the recipes' own numbers; what cannot learn without labels is none."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn.data import read
from selflearn.errors import DataError, RecipeError
from selflearn.workflow.tuning.bench import unlabelled
from selflearn.workflow.tuning.space import SPREAD, draw


@pytest.fixture(scope="module")
def digits():
    return unlabelled(read("digits"))


def drawn(dataset, count=8, names=None, seed=0, **changes):
    return draw(dataset, len(dataset), count, names, changes, False, seed)


def test_the_default_comes_first_and_as_it_stands(digits):
    first = drawn(digits)[0]
    assert first.default
    assert first.changes == {}
    assert first.recipe == "swav"


def test_all_differ_and_many_recipes_are_tried(digits):
    found = drawn(digits)
    assert len({(each.recipe, each.views, each.lr) for each in found}) == len(found) == 8
    assert len({each.recipe for each in found}) >= 6
    assert sum(each.default for each in found) == 1


def test_a_seed_decides(digits):
    assert drawn(digits) == drawn(digits)
    assert drawn(digits) != drawn(digits, seed=1)


def test_rates_lie_around_the_recipes_own(digits):
    rates = np.array([each.lr for each in drawn(digits, 24, ["simclr"])]) / 0.002
    assert rates.max() <= SPREAD * 1.05
    assert rates.min() >= 1 / SPREAD / 1.05
    assert (rates < 1).any()
    assert (rates > 1).any()


def test_what_a_person_has_set_is_not_drawn(digits):
    found = drawn(digits, 6, ["simclr", "vicreg"], **{"optimiser.lr": 0.01, "views.rotation": 3.0})
    assert {each.lr for each in found} == {0.01}
    assert {each.views for each in found} == {"own"}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("names", "said"),
    [(["supcon"], "labels"), (["simlcr"], "simclr"), (["pretext-tasks"], "pretext-tasks"), (["prior-fitted"], "prior")],
)
def test_recipes_that_cannot_be_candidates_are_told(digits, names, said):
    with pytest.raises(RecipeError, match=said):
        drawn(digits, 4, names)


def test_tasks_are_not_tuned():
    with pytest.raises(DataError, match="no recipe can be tuned on this task data"):
        drawn(unlabelled(read("prior:gp")))


def test_labels_and_the_names_of_classes_are_hidden():
    dataset = read("digits")
    hidden = unlabelled(dataset)
    assert (hidden.labels == -1).all()
    assert hidden.facts.classes == []
    assert (hidden.batch([0, 1]).labels == -1).all()
    assert dataset.facts.classes
