"""Search equals brute force, and what is stored is data only."""

import numpy as np
import pytest

from selflearn.errors import DataError, RunError
from selflearn.serving import search as module
from selflearn.serving.search import SearchIndex

pytest.importorskip("faiss")


def made(count=300, dim=16, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def brute(vectors, queries, k):
    unit, wanted = (values / np.linalg.norm(values, axis=1, keepdims=True) for values in (vectors, queries))
    cosines = wanted @ unit.T
    order = np.argsort(-cosines, axis=1)[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


def test_equals_brute_force_and_scale_does_not_matter():
    vectors, queries = made(), made(20, seed=1)
    index = SearchIndex.build(vectors * 7, [f"s{row}" for row in range(300)])
    ids, similarities = index.search(queries * 0.1, k=9)
    order, cosines = brute(vectors, queries, 9)
    assert ids == [[f"s{row}" for row in each] for each in order]
    assert np.allclose(similarities, cosines, atol=1e-5)


def test_a_sample_finds_itself_first():
    index = SearchIndex.build(made(), [str(row) for row in range(300)])
    ids, similarities = index.search(made()[:5], k=1)
    assert [each[0] for each in ids] == ["0", "1", "2", "3", "4"]
    assert np.allclose(similarities, 1, atol=1e-5)


def test_a_large_collection_is_searched_by_lists(monkeypatch):
    monkeypatch.setattr(module, "EXACT", 1000)
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(40, 16))
    vectors = (centres[draw.integers(0, 40, 4000)] + 0.3 * draw.normal(size=(4000, 16))).astype(np.float32)
    index = SearchIndex.build(vectors, [str(row) for row in range(4000)])
    found, _ = index.rows(vectors[:200], 10)
    order, _ = brute(vectors, vectors[:200], 10)
    recall = np.mean([len(set(mine) & set(right)) / 10 for mine, right in zip(found, order, strict=True)])
    assert recall > 0.9


def test_saved_and_loaded(tmp_path):
    index = SearchIndex.build(made(), [f"päth/{row}.png" for row in range(300)])
    assert index.save(tmp_path / "new").name == "search.parquet"
    again = SearchIndex.load(tmp_path / "new")
    assert again.ids == index.ids
    assert np.array_equal(again.rows(made(7, seed=2), 5)[0], index.rows(made(7, seed=2), 5)[0])
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["search.parquet"]


def test_k_larger_than_the_collection_finds_all():
    ids, similarities = SearchIndex.build(made(4), list("abcd")).search(made(1, seed=1), k=50)
    assert sorted(ids[0]) == list("abcd")
    assert similarities.shape == (1, 4)


@pytest.mark.parametrize(("vectors", "ids"), [(made(3), ["a"]), (np.full((2, 3), np.nan), ["a", "b"]), (np.zeros((0, 3)), [])])
def test_what_cannot_be_indexed_is_refused(vectors, ids):
    with pytest.raises(DataError):
        SearchIndex.build(vectors, ids)


def test_queries_of_another_encoder_are_refused():
    with pytest.raises(DataError, match="dimensions"):
        SearchIndex.build(made(), [str(row) for row in range(300)]).search(made(1, 5))


def test_folders_without_embeddings_are_refused(tmp_path):
    with pytest.raises(RunError, match="nothing to search"):
        SearchIndex.load(tmp_path)
    (tmp_path / "search.parquet").write_bytes(b"not parquet")
    with pytest.raises(RunError, match="does not hold"):
        SearchIndex.load(tmp_path)
