import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.evaluation.parts import divide, held_out

LABELS = np.arange(120) % 3


def test_folds_measure_every_labelled_sample_once_and_train_on_none_of_them():
    labels = np.where(np.arange(120) < 20, -1, LABELS)
    parts = divide(labels, None, None, 5, seed=0).parts
    assert np.array_equal(np.sort(np.concatenate([part.test for part in parts])), np.arange(20, 120))
    for part in parts:
        assert not np.intersect1d(part.train, part.test).size
        assert (labels[part.train] >= 0).all()
        assert np.array_equal(np.union1d(part.seen, part.test), np.arange(120))


@given(st.integers(0, 1000), st.integers(3, 20), st.booleans())
@settings(max_examples=25, deadline=None)
def test_groups_are_never_cut(seed, count, given_test):
    groups = np.random.default_rng(seed).integers(count, size=120)
    test = np.arange(30) if given_test else None
    plan = divide(LABELS, groups, test, 5, seed)
    for part in plan.parts if plan else []:
        assert not np.intersect1d(groups[part.train], groups[part.test]).size
        assert not np.intersect1d(groups[part.seen], groups[part.test]).size
        inner = held_out(part.train, LABELS, groups, seed)
        if inner is not None:
            assert np.isin(np.concatenate([inner.train, inner.test]), part.train).all()
            assert not np.intersect1d(groups[inner.train], groups[inner.test]).size


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_repetitions_of_a_test_part_average_to_its_accuracy(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(40, size=120)
    plan = divide(LABELS, groups, np.flatnonzero(groups < 20), 5, seed)
    correct = rng.random(len(plan.parts[0].test)) < 0.7
    repetitions = plan.repetitions([correct])
    assert repetitions.mean() == pytest.approx(correct.mean())
    assert len(repetitions) == len(np.unique(groups[plan.parts[0].test]))


def test_samples_that_err_together_make_a_wider_interval():
    rng = np.random.default_rng(0)
    labels, groups, test = np.arange(2000) % 2, np.arange(2000) // 20, np.arange(1000)
    together = divide(labels, groups, test, 5, 0).repetitions([np.repeat(rng.random(50) < 0.5, 20)])
    alone = divide(labels, None, test, 5, 0).repetitions([rng.random(1000) < 0.5])
    assert together.std() > 3 * alone.std()


@pytest.mark.parametrize("labels", [np.full(9, -1), np.zeros(9, int), np.array([0, 1])])
def test_where_nothing_can_be_divided_there_is_no_plan(labels):
    assert divide(labels, None, None, 5, 0) is None


def test_one_group_is_no_division():
    assert divide(LABELS, np.zeros(120, int), None, 5, 0) is None
