import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.measures.clustering import ari, kmeans, nmi

LABELS = np.repeat([0, 1, 2], 30)


def test_blobs_are_found_whatever_their_numbers():
    values = 20 * np.eye(3)[LABELS] + np.random.default_rng(0).normal(size=(90, 3))
    clusters = kmeans(values, 3)
    assert nmi(LABELS, clusters) == pytest.approx(1)
    assert ari(LABELS, clusters) == pytest.approx(1)


def test_chance_is_near_zero():
    clusters = np.random.default_rng(0).integers(3, size=90)
    assert abs(ari(LABELS, clusters)) < 0.1
    assert nmi(LABELS, clusters) < 0.1


def test_clusters_follow_the_seed():
    values = np.random.default_rng(0).normal(size=(90, 3))
    np.testing.assert_array_equal(kmeans(values, 5, seed=1), kmeans(values, 5, seed=1))


def test_more_clusters_than_samples_are_refused():
    with pytest.raises(DataError, match="5 clusters"):
        kmeans(np.zeros((4, 2)), 5)
