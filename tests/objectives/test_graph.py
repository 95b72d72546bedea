"""The similarity graph: who is whose positive."""

import torch

from selflearn.objectives import SimilarityGraph


def test_augmentation_joins_views_of_one_sample():
    graph = SimilarityGraph.augmentation(3, views=3)
    assert graph.weights.shape == (9, 9)
    assert torch.equal(graph.weights.sum(1), torch.full((9,), 2.0))
    assert graph.weights[0].nonzero().flatten().tolist() == [3, 6]
    assert torch.equal(graph.ignored, torch.eye(9, dtype=torch.bool))


def test_labels_join_equals_and_unknown_ones_join_nothing():
    graph = SimilarityGraph.of_labels(torch.tensor([1, -1, 1, -1]))
    assert graph.weights.nonzero().tolist() == [[0, 2], [2, 0]]


def test_union_keeps_every_edge():
    views, labels = SimilarityGraph.augmentation(2), SimilarityGraph.of_labels(torch.tensor([0, 0, -1, -1]))
    union = views.union(labels)
    assert union.weights.nonzero().tolist() == [[0, 1], [0, 2], [1, 0], [1, 3], [2, 0], [3, 1]]
    assert torch.equal(union.ignored, torch.eye(4, dtype=torch.bool))


def test_some_rows_are_drawn_as_all_are():
    views, labels = SimilarityGraph.augmentation(3), SimilarityGraph.of_labels(torch.tensor([0, 0, -1, -1, 2, 2]))
    graph = views.union(labels).apart(torch.tensor([0, 0, 0, 1, 1, 1]))
    some = graph.rows(slice(2, 5))
    assert some.shape == (3, 6)
    assert torch.equal(some.weights, graph.weights[2:5])
    assert torch.equal(some.ignored, graph.ignored[2:5])
    assert graph.ignored[0].tolist() == [True, True, True, False, False, False]


def test_a_row_with_a_key_of_its_own_has_that_one_positive():
    graph = SimilarityGraph.own_key(torch.tensor([2, 0]), 4)
    assert graph.shape == (2, 4)
    assert graph.weights.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert not bool(graph.ignored.any())
    assert graph.rows(slice(1, 2)).weights.tolist() == [[1, 0, 0, 0]]


def test_rows_and_columns_of_equal_label_are_joined_across_two_sets():
    graph = SimilarityGraph.across(torch.tensor([0, 1, -1]), torch.tensor([1, 0, -1, 1]))
    assert graph.shape == (3, 4)
    assert graph.weights.nonzero().tolist() == [[0, 1], [1, 0], [1, 3]]
    assert not graph.ignored.any()


def test_columns_beside_a_graph_are_negatives_of_all_rows():
    graph = SimilarityGraph.augmentation(2)
    wider = graph.beside(3)
    assert wider.shape == (4, 7)
    assert torch.equal(wider.weights[:, :4], graph.weights)
    assert torch.equal(wider.ignored[:, :4], graph.ignored)
    assert not wider.weights[:, 4:].any()
    assert not wider.ignored[:, 4:].any()
    assert wider.rows(slice(1, 3)).shape == (2, 7)
    assert graph.beside(0) is graph
