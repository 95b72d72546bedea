"""A hundred labels on tables: tuning never sees the test part, scores are what they are called, and gains are of equal draws."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import tables
from selflearn.data import read

NUMBERS, CLASSES = (tables.Task("t", "t.parquet", "y", regression=flag) for flag in (True, False))


@pytest.fixture(scope="module")
def rows() -> tables.Rows:
    dataset = read(np.random.default_rng(0).normal(size=(400, 2)))
    return tables.Rows(dataset, np.arange(400), np.arange(300), np.arange(300, 400))


@pytest.mark.parametrize("number", [0, 19, tables.DEVELOPMENT, tables.DEVELOPMENT + 3])
def test_labels_come_from_the_training_rows_and_tuning_scores_on_them_too(rows: tables.Rows, number: int) -> None:
    labelled, tested = tables.draw(rows, number, 60)
    assert len(set(labelled)) == tables.LABELS
    assert len(set(tested)) == 60
    assert labelled.max() < 300
    assert not set(labelled) & set(tested)
    assert (tested >= 300).all() if number < tables.DEVELOPMENT else (tested < 300).all()


def test_the_test_rows_are_the_same_for_every_draw(rows: tables.Rows) -> None:
    assert np.array_equal(tables.draw(rows, 0, 50)[1], tables.draw(rows, 7, 50)[1])


def test_r2_and_accuracy() -> None:
    truth = np.array([1.0, 2.0, 3.0, 6.0])
    assert tables.score(NUMBERS, truth, truth, truth) == 1
    assert tables.score(NUMBERS, np.full(4, truth.mean()), truth, truth) == pytest.approx(0)
    said = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert tables.score(CLASSES, said, np.array(["a", "b"]), np.array(["a", "b", "b"])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("task", [NUMBERS, CLASSES])
def test_every_head_learns_a_plain_rule_and_their_mean_is_theirs(task: tables.Task) -> None:
    features = np.random.default_rng(1).normal(size=(160, 3))
    target = features[:, 0] if task.regression else (features[:, 0] > 0).astype(int)
    said = tables.answers(task, features[:100], target[:100], features[100:], 0)
    assert tuple(said) == tables.HEADS
    for answer in said.values():
        assert tables.score(task, answer, np.array([0, 1]), target[100:]) > 0.8
    assert np.allclose(said[tables.HEADS[3]], np.mean([said[head] for head in tables.HEADS[:3]], axis=0))


def test_the_gain_is_over_the_best_raw_arm_on_average() -> None:
    flat = {head: [0.5, 0.6] for head in tables.HEADS}
    found = {
        name: {"raw": {**flat, "forest": [0.6, 0.7]}, "embedding": flat, "both": {head: [0.7, 0.8] for head in tables.HEADS}}
        for name in ("one", "two")
    }
    figures = tables.summary(found)
    assert figures["both, mean of the three, minus best raw arm"] == "+0.1000 ±0.0000 (raw, forest)"
    assert figures["average"]["raw, forest"] == 0.65
