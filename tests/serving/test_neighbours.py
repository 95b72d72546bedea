"""Queries are chosen by the stated criterion, and their neighbours are the nearest."""

import numpy as np
import pytest

from selflearn.serving.neighbours import choose_queries


def circle(degrees):
    angle = np.deg2rad(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_with_labels_the_share_of_equal_labels_decides():
    # two tight groups of their own label, and an intruder of label 0 amid the 1s
    vectors = circle([0, 1, 2, 3, 90, 91, 92, 93, 91.5])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0])
    chosen = choose_queries(vectors, labels, k=3, each=1)
    best, typical, worst = chosen.queries
    assert (best.role, typical.role, worst.role) == ("best", "typical", "worst")
    assert best.score == 1
    assert worst.index == 8
    assert worst.score == 0
    assert "same label" in chosen.criterion


def test_without_labels_mean_similarity_decides():
    vectors = circle([0, 0.1, 0.2, 40, 60, 170])
    chosen = choose_queries(vectors, None, k=2, each=1)
    assert chosen.queries[0].index == 1
    assert chosen.queries[-1].index == 5
    assert "similarity" in chosen.criterion
    scores = [query.score for query in chosen.queries]
    assert scores == sorted(scores, reverse=True)


def test_neighbours_are_the_nearest_and_never_the_query():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(200, 6))
    labels = draw.integers(0, 4, 200)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    for query in choose_queries(vectors, labels, k=5).queries:
        order = [row for row in np.argsort(-cosines[query.index]) if row != query.index][:5]
        assert query.neighbours.tolist() == order
        assert np.allclose(query.similarities, cosines[query.index][order], atol=1e-5)
        assert query.score == pytest.approx((labels[order] == labels[query.index]).mean())


def test_no_sample_is_asked_twice_and_labels_vary_within_a_role():
    draw = np.random.default_rng(1)
    labels = np.repeat(np.arange(5), 30)
    vectors = np.eye(5)[labels] + 0.2 * draw.normal(size=(150, 5))
    queries = choose_queries(vectors, labels, each=3).queries
    assert len({query.index for query in queries}) == 9
    for role in ("best", "typical", "worst"):
        assert len({labels[query.index] for query in queries if query.role == role}) == 3


def test_unknown_labels_take_no_part():
    vectors = circle(np.arange(20))
    labels = np.array([0] * 8 + [-1] * 4 + [1] * 8)
    for query in choose_queries(vectors, labels, k=4).queries:
        assert labels[query.index] >= 0
        assert (labels[query.neighbours] >= 0).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_samples(count):
    chosen = choose_queries(circle(np.arange(count)), None)
    assert len(chosen.queries) <= count
    assert all(len(query.neighbours) == count - 1 for query in chosen.queries)
