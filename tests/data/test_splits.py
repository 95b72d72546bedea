from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn.data import few_labels, folds, split
from selflearn.errors import DataError

labels_of = st.lists(st.integers(-1, 4), min_size=2, max_size=80).map(lambda values: np.array(values, dtype=np.int64))


@given(labels=labels_of, test=st.floats(0.05, 0.95), seed=st.integers(0, 3))
def test_parts_are_disjoint_complete_and_never_empty(labels: np.ndarray, test: float, seed: int) -> None:
    train, held_out = split(labels, test=test, seed=seed)
    assert sorted([*train, *held_out]) == list(range(len(labels)))
    assert len(train) and len(held_out)
    assert train.dtype == held_out.dtype == np.int64


@given(labels=labels_of, seed=st.integers(0, 3))
def test_every_class_gives_its_share(labels: np.ndarray, seed: int) -> None:
    _, held_out = split(labels, test=0.25, seed=seed)
    for each in np.unique(labels):
        size = int((labels == each).sum())
        if size > 1 and len(np.unique(labels)) < len(labels):
            assert abs(int((labels[held_out] == each).sum()) - 0.25 * size) <= 1


def test_a_class_of_one_member_stays_in_the_training_part() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2])
    for seed in range(20):
        for test in (0.2, 0.5, 0.9):
            assert 40 in split(labels, test=test, seed=seed)[0]


def test_the_same_seed_draws_the_same_and_another_seed_another() -> None:
    labels = np.arange(100) % 3
    assert np.array_equal(split(labels, seed=1)[1], split(labels, seed=1)[1])
    assert not np.array_equal(split(labels, seed=1)[1], split(labels, seed=2)[1])


@given(
    groups=st.lists(st.integers(0, 12), min_size=4, max_size=80).filter(lambda values: len(set(values)) > 1),
    test=st.floats(0.05, 0.95),
    seed=st.integers(0, 3),
)
def test_a_group_is_never_cut_apart(groups: list[int], test: float, seed: int) -> None:
    labels = np.arange(len(groups)) % 3 - 1
    train, held_out = split(labels, np.array(groups), test, seed)
    assert not set(np.array(groups)[train]) & set(np.array(groups)[held_out])
    assert len(train) and len(held_out)
    assert len(train) + len(held_out) == len(groups)


def test_with_many_groups_shares_are_met_nearly() -> None:
    generator = np.random.default_rng(0)
    groups, labels = generator.integers(0, 60, 600), generator.integers(0, 3, 600)
    _, held_out = split(labels, groups, test=0.2)
    assert abs(len(held_out) / 600 - 0.2) < 0.04
    shares = np.bincount(labels[held_out], minlength=3) / np.bincount(labels, minlength=3)
    assert np.abs(shares - 0.2).max() < 0.06


def test_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(DataError, match="one group"):
        split(np.zeros(10), np.zeros(10))
    with pytest.raises(DataError, match="1 sample"):
        split(np.zeros(1))
    with pytest.raises(DataError, match="between 0 and 1"):
        split(np.zeros(10), test=1.0)


@given(labels=labels_of, grouped=st.booleans(), seed=st.integers(0, 3))
def test_folds_cover_everything_once(labels: np.ndarray, grouped: bool, seed: int) -> None:
    groups = np.arange(len(labels)) // 2 if grouped else None
    units = len(labels) if groups is None else len(np.unique(groups))
    if units < 3:
        return
    parts = folds(labels, groups, count=3, seed=seed)
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(len(labels)))
    for train, test in parts:
        assert len(train) + len(test) == len(labels)
        assert not set(train) & set(test)
        if groups is not None:
            assert not set(groups[train]) & set(groups[test])


def test_more_folds_than_groups_are_refused() -> None:
    with pytest.raises(DataError, match="groups"):
        folds(np.zeros(10), np.arange(10) // 5, count=3)


@given(labels=labels_of, per_class=st.integers(1, 20))
def test_few_labels_gives_the_same_number_of_every_class(labels: np.ndarray, per_class: int) -> None:
    drawn = few_labels(labels, per_class=per_class)
    assert len(set(drawn)) == len(drawn)
    for each in np.unique(labels):
        expected = 0 if each < 0 else min(per_class, int((labels == each).sum()))
        assert int((labels[drawn] == each).sum()) == expected


def test_a_fraction_keeps_one_of_each_class_at_least() -> None:
    labels = np.array([0] * 1000 + [1] * 3 + [-1] * 50)
    drawn = few_labels(labels, fraction=0.01)
    assert np.bincount(labels[drawn]).tolist() == [10, 1]


@pytest.mark.parametrize("wrong", [{}, {"per_class": 1, "fraction": 0.1}, {"per_class": 0}, {"fraction": 1.5}])
def test_few_labels_refuses_unclear_wishes(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError):
        few_labels(np.zeros(5), **wrong)  # type: ignore[arg-type]
