import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.measures import neighbours
from selflearn.measures.neighbours import knn_predict, nearest, vote


def test_neighbours_are_those_of_the_full_similarity_matrix(monkeypatch):
    rng = np.random.default_rng(0)
    queries, bank = rng.normal(size=(23, 5)), rng.normal(size=(40, 5))
    monkeypatch.setattr(neighbours, "CHUNK_VALUES", 100)
    similarities, indices = nearest(queries, bank, k=3)
    cosine = (queries / np.linalg.norm(queries, axis=1)[:, None]) @ (bank / np.linalg.norm(bank, axis=1)[:, None]).T
    np.testing.assert_array_equal(indices.numpy(), np.argsort(-cosine, axis=1)[:, :3])
    np.testing.assert_allclose(similarities.numpy(), -np.sort(-cosine, axis=1)[:, :3], rtol=1e-9)


def test_a_skipped_row_is_not_found():
    values = np.random.default_rng(0).normal(size=(30, 4))
    everyone = np.arange(30)
    assert (nearest(values, values, k=1)[1][:, 0].numpy() == everyone).all()
    assert (nearest(values, values, k=29, skip=everyone)[1].numpy() != everyone[:, None]).all()


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_rotation_and_scale_change_no_prediction(seed, factor):
    rng = np.random.default_rng(seed)
    queries, bank, labels = rng.normal(size=(9, 4)), rng.normal(size=(25, 4)), rng.integers(3, size=25)
    turn = ortho_group.rvs(4, random_state=seed)
    before = knn_predict(queries, bank, labels, k=5)
    after = knn_predict(factor * queries @ turn, bank @ turn * rng.uniform(0.5, 2, (25, 1)), labels, k=5)
    assert torch.equal(before, after)


def test_weights_follow_the_temperature():
    similarities, labels = torch.tensor([[0.9, 0.5, 0.5]]), torch.tensor([[1, 0, 0]])
    assert vote(similarities, labels, 2, temperature=0.07).item() == 1  # exp(.4 / .07) = 303 votes against two
    assert vote(similarities, labels, 2, temperature=10.0).item() == 0
    assert vote(similarities, labels, 2, temperature=None).item() == 0
    assert vote(similarities, labels, 2, temperature=1e-4).item() == 1  # no overflow


def test_a_small_bank_makes_k_smaller_and_an_empty_question_is_refused():
    assert knn_predict(np.eye(3), np.eye(3), np.arange(3), k=20).tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="4 neighbours"):
        nearest(np.eye(3), np.eye(3), k=4)


@pytest.mark.parametrize("with_faiss", [True, False])
def test_a_large_bank_is_searched_in_blocks_with_the_same_result(monkeypatch, with_faiss):
    if with_faiss:
        pytest.importorskip("faiss")
    draw = np.random.default_rng(0)
    bank, queries = (draw.standard_normal((count, 8), dtype=np.float32) for count in (1000, 50))
    whole = neighbours.nearest(queries, bank, 7), neighbours.nearest(bank, bank, 7, skip=np.arange(1000))
    monkeypatch.setattr(neighbours, "BLOCK", 64)
    monkeypatch.setattr(neighbours, "find_spec", lambda name: with_faiss or None)
    parts = neighbours.nearest(queries, bank, 7), neighbours.nearest(bank, bank, 7, skip=np.arange(1000))
    for (one, rows), (other, others) in zip(whole, parts, strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-5)
        assert torch.equal(rows, others)
