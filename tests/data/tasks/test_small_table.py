"""The prior of small tables: what its tasks are like, and that there is something in them to learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from selflearn.data import read
from selflearn.data.tasks import SmallTable
from selflearn.errors import DataError


def drawn(count=200, **parameters):
    prior = SmallTable(**{"points": 80, "features": 10, **parameters})
    return prior, *prior.draw([np.random.default_rng([5, number]) for number in range(count)])


def test_classes_are_of_all_numbers_and_none_beyond():
    _, values, targets = drawn(classes=5)
    assert np.isfinite(values).all()
    assert targets.dtype == np.int64
    assert {len(np.unique(row)) for row in targets} >= {2, 3, 4, 5}
    assert targets.min() == 0
    assert targets.max() == 4


def test_numbers_have_mean_zero_and_deviation_one():
    _, _, targets = drawn(classes=0)
    assert targets.mean(1) == pytest.approx(np.zeros(200), abs=1e-9)
    assert targets.std(1) == pytest.approx(np.ones(200))


def test_tasks_use_some_of_the_columns():
    _, values, _ = drawn()
    used = (values != 0).any(1).sum(1)
    assert used.min() <= 3
    assert used.max() == 10


def test_the_order_of_points_tells_nothing():
    """The first and the second half of each task are alike on average."""
    _, values, targets = drawn(1000, classes=0)
    assert targets[:, :40].mean() == pytest.approx(targets[:, 40:].mean(), abs=0.02)
    assert (targets[:, :40] ** 2).mean() == pytest.approx((targets[:, 40:] ** 2).mean(), rel=0.05)


def test_columns_tell_of_the_classes():
    _, values, targets = drawn(40, classes=2)
    gains = []
    for table, labels in zip(values, targets, strict=True):
        if len(np.unique(labels[:60])) == 2:
            forest = RandomForestClassifier(30, random_state=0).fit(table[:60], labels[:60])
            most = np.bincount(labels[:60]).argmax()
            gains.append(forest.score(table[60:], labels[60:]) - (labels[60:] == most).mean())
    assert np.mean(gains) > 0.05


def test_it_is_a_source_by_name():
    dataset = read("prior:table", more={"points": 20, "features": 6, "classes": 3, "tasks": 100})
    assert dataset.spec.form == "classes"
    assert dataset.spec.mean == ()
    assert dataset.picture(0).size == (64, 64)
    with pytest.raises(DataError, match="at least 2"):
        read("prior:table", more={"classes": 1})
