"""Laws of the label-free scores: what changes nothing agrees, what is random does not."""

import numpy as np
import pytest

from selflearn.workflow.tuning.choice import places, score
from selflearn.workflow.tuning.scores import cluster_agreement, label_free, neighbour_agreement

draws = np.random.default_rng(0)
SAMPLES = draws.normal(size=(300, 16)).astype(np.float32)
OTHERS = draws.normal(size=(300, 16)).astype(np.float32)


@pytest.mark.parametrize("agreement", [neighbour_agreement, cluster_agreement])
def test_views_that_change_nothing_agree_whole(agreement):
    assert agreement(SAMPLES, SAMPLES, SAMPLES) == pytest.approx(1)


def test_random_neighbours_agree_by_chance_alone():
    assert abs(neighbour_agreement(SAMPLES, OTHERS, draws.normal(size=(300, 16)).astype(np.float32))) < 0.02


@pytest.mark.parametrize("agreement", [neighbour_agreement, cluster_agreement])
def test_scale_and_rotation_do_not_count(agreement):
    axes = np.linalg.qr(draws.normal(size=(16, 16)))[0].astype(np.float32)
    noisy = SAMPLES + 0.3 * OTHERS
    turned = [3 * each @ axes for each in (SAMPLES, noisy, SAMPLES)]
    assert agreement(*turned) == pytest.approx(agreement(SAMPLES, noisy, SAMPLES), abs=0.03)


def test_the_more_views_change_the_less_they_agree():
    found = []
    for noise in (0.1, 0.5, 2.0):
        views = np.stack([SAMPLES + noise * draws.normal(size=SAMPLES.shape) for _ in range(4)], axis=1)
        found.append(label_free(SAMPLES, views.astype(np.float32)))
    for name in ("self retrieval", "neighbours", "clusters"):
        values = [each[name] for each in found]
        assert values == sorted(values, reverse=True), name


def test_collapse_scores_least():
    alike = np.ones((300, 16), np.float32) + 1e-3 * OTHERS
    views = np.stack([np.ones((300, 16)) + 1e-3 * draws.normal(size=SAMPLES.shape) for _ in range(4)], axis=1)
    found = label_free(alike, views.astype(np.float32))
    assert found["self retrieval"] < 0.05
    assert found["rankme"] < 1.1


def test_views_that_change_nothing_have_no_lidar():
    found = label_free(SAMPLES, np.stack([SAMPLES] * 4, axis=1))
    assert "lidar" not in found
    assert found["self retrieval"] == 1
    assert score({"one": found, "other": {**found, "lidar": 3.0}}) == {"one": 0.25, "other": 0.75}


def test_places_of_equals_are_shared():
    rule = places("first", "second")
    found = {"a": {"first": 1.0, "second": 5.0}, "b": {"first": 2.0, "second": 5.0}, "c": {"first": 3.0}}
    assert rule(found) == {"a": pytest.approx(0.375), "b": pytest.approx(0.625), "c": pytest.approx(0.5)}
