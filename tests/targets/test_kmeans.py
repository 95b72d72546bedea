"""K-means: what it finds where the answer is known, what no iteration makes worse, what happens to an empty cluster."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.targets import kmeans
from selflearn.targets.kmeans import nearest


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


def blobs(per=20, spread=0.05):
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    truth = torch.arange(3).repeat_interleave(per)
    return centres[truth] + spread * torch.randn(3 * per, 2, generator=drawn()), truth


def test_three_blobs_are_found_from_any_beginning():
    vectors, truth = blobs()
    for seed in range(5):
        labels, centroids = kmeans(vectors, 3, drawn(seed), iterations=20)
        pairs = torch.stack([labels, truth]).unique(dim=1)
        if pairs.shape[1] == 3:
            for label in range(3):
                assert torch.allclose(centroids[label], vectors[labels == label].mean(0), atol=1e-5)
    assert pairs.shape[1] == 3


def test_more_iterations_never_make_it_worse():
    vectors = torch.randn(200, 8, generator=drawn())
    sums = [float(nearest(vectors, kmeans(vectors, 10, drawn(3), iterations=count)[1])[1].sum()) for count in (1, 2, 4, 8, 30)]
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(sums))


def test_distances_are_squared_distances():
    vectors, centroids = torch.randn(30, 4, generator=drawn()), torch.randn(5, 4, generator=drawn(1))
    labels, distances = nearest(vectors, centroids)
    expected = torch.cdist(vectors, centroids).square().min(1)
    assert torch.equal(labels, expected.indices)
    assert torch.allclose(distances, expected.values, atol=1e-4)


def test_length_does_not_matter_where_it_is_spherical():
    vectors = torch.randn(60, 5, generator=drawn())
    labels, centroids = kmeans(vectors, 6, drawn(), spherical=True)
    longer, _ = kmeans(vectors * torch.rand(60, 1, generator=drawn()).add(0.5), 6, drawn(), spherical=True)
    assert torch.equal(labels, longer)
    assert torch.allclose(centroids, F.normalize(centroids, dim=1), atol=1e-6)


def test_an_empty_cluster_begins_anew():
    vectors = torch.cat([torch.zeros(30, 2), torch.tensor([[5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])])
    labels, _ = kmeans(vectors, 4, drawn(), iterations=10)
    assert len(labels.unique()) == 4


def test_as_many_clusters_as_vectors_and_no_more():
    vectors = torch.randn(6, 3, generator=drawn())
    labels, _ = kmeans(vectors, 6, drawn())
    assert len(labels.unique()) == 6
    with pytest.raises(RecipeError, match="6 samples cannot make 7 clusters"):
        kmeans(vectors, 7, drawn())
