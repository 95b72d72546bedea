"""The map: the same for the same seed, near stays near, small and degenerate cases do not break."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.serving.map import clusters, embedding_map


def blobs(count=40, groups=3, dim=8, seed=0):
    draw = np.random.default_rng(seed)
    centres = 6 * np.eye(dim)[:groups]
    which = np.repeat(np.arange(groups), count)
    return (centres[which] + 0.3 * draw.normal(size=(len(which), dim))).astype(np.float32), which


def test_the_same_seed_gives_the_same_map():
    vectors, _ = blobs()
    first, way = embedding_map(vectors, seed=3)
    second, _ = embedding_map(vectors, seed=3)
    assert way == "t-SNE"
    assert np.array_equal(first, second)


def test_positions_fill_the_unit_square_and_groups_stay_together():
    vectors, which = blobs()
    positions, _ = embedding_map(vectors)
    assert positions.min() >= 0
    assert positions.max() <= 1
    assert np.isclose((positions.max(0) - positions.min(0)).max(), 1)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2) + np.eye(len(positions)) * 9
    assert (which[distances.argmin(1)] == which).mean() == 1


def test_scale_of_a_row_does_not_matter():
    vectors, _ = blobs(10, 2)
    scaled = vectors * np.random.default_rng(1).uniform(0.5, 2, (len(vectors), 1))
    assert np.allclose(embedding_map(vectors)[0], embedding_map(scaled)[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 4), (2, 1), (5, 3), (29, 2), (40, 1)])
def test_few_samples_or_dimensions_fall_back_to_pca(shape):
    positions, way = embedding_map(np.random.default_rng(0).normal(size=shape))
    assert way == "PCA"
    assert positions.shape == (shape[0], 2)
    assert np.isfinite(positions).all()


def test_collapsed_embeddings_do_not_break_it():
    positions, way = embedding_map(np.ones((60, 5)))
    assert way == "PCA"
    assert np.isfinite(positions).all()
    assert clusters(np.ones((60, 5))).tolist() == [0] * 60


def test_not_finite_is_refused():
    with pytest.raises(DataError, match="finite"):
        embedding_map(np.full((5, 3), np.nan))


def test_clusters_find_groups_largest_first():
    vectors, which = blobs()
    found = clusters(np.concatenate([vectors, vectors[which == 2]]))
    counts = np.bincount(found)
    assert (np.diff(counts) <= 0).all()
    for group in range(3):
        assert not set(found[: len(which)][which == group]) & set(found[: len(which)][which != group])
