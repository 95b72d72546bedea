"""Search by example: cosine neighbours with faiss, exact for small collections, inverted lists for large ones.

Only ids and embeddings are stored, as Parquet. A faiss index file from a stranger is parsed by C++ code that trusts it, so none
is ever read: the index is made anew when it is loaded, which takes milliseconds (flat) to seconds (100,000 samples and more).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from selflearn.errors import DataError, MissingExtraError, RunError

FILE, RUN_FILE = "search.parquet", "embeddings.parquet"
EXACT = 100_000  # up to this many samples all are compared: about 5 ms a query at 256 dimensions
SEARCHED = 0.1  # share of the inverted lists that a query looks into above that: recall near 0.99 on image embeddings


class SearchIndex:
    """Find the samples whose embeddings point in nearly the same direction.

    Attributes
    ----------
    ids : one string a sample.
    vectors : (n, dim) float32, rows of length 1.

    Examples
    --------
    >>> import numpy as np
    >>> index = SearchIndex.build(np.eye(3), ["x", "y", "z"])
    >>> ids, similarities = index.search(np.array([[0.9, 0.1, 0.0]]), k=2)
    >>> ids
    [['x', 'y']]
    """

    def __init__(self, ids: list[str], vectors: np.ndarray, exact: bool = False) -> None:
        self.ids, self.vectors = ids, vectors
        self._index = _make_index(vectors, exact)

    @classmethod
    def build(cls, embeddings: np.ndarray, ids: Sequence[str], *, exact: bool = False) -> SearchIndex:
        """An index of (n, dim) finite embeddings, one id a row; an `exact` one compares all of a large collection too.

        Raises
        ------
        DataError : lengths differ, there is no row, or values are not finite.
        MissingExtraError : faiss is not installed.
        """
        return cls([str(each) for each in ids], _unit(embeddings, len(ids)), exact)

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, vectors: np.ndarray, k: int = 10) -> tuple[list[list[str]], np.ndarray]:
        """The ids and cosines of the k most similar samples, most similar first.

        Parameters
        ----------
        vectors : (m, dim) embeddings of any length.
        k : at least 1; larger than the collection finds all of it.

        Returns
        -------
        m lists of ids, and (m, k) float32 similarities in [-1, 1].
        """
        rows, similarities = self.rows(vectors, k)
        return [[self.ids[row] for row in each if row >= 0] for each in rows], similarities

    def rows(self, vectors: np.ndarray, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """As `search`, with (m, k) row numbers in place of ids; -1 where a large collection's search found fewer than k."""
        queries = _unit(vectors, len(vectors))
        if queries.shape[1] != self.vectors.shape[1]:
            raise DataError(
                f"queries have {queries.shape[1]} dimensions, the index {self.vectors.shape[1]}: embed both with one encoder"
            )
        if k < 1:
            raise DataError(f"k must be at least 1, not {k}")
        similarities, rows = self._index.search(queries, min(k, len(self)))
        return rows, np.clip(similarities, -1, 1)

    def save(self, folder: str | Path) -> Path:
        """Write ids and embeddings as `search.parquet`; returns its path."""
        path = Path(folder) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        column = pa.FixedSizeListArray.from_arrays(pa.array(self.vectors.ravel()), self.vectors.shape[1])
        beside = path.with_suffix(".part")
        pq.write_table(pa.table({"id": pa.array(self.ids, pa.string()), "embedding": column}), beside, write_page_checksum=True)
        return beside.replace(path)

    @classmethod
    def load(cls, folder: str | Path) -> SearchIndex:
        """The index of a folder that `save` wrote, or of a run folder (its `embeddings.parquet`).

        Raises
        ------
        RunError : neither file is there, or it does not hold ids and embeddings.
        """
        path = next((Path(folder) / name for name in (FILE, RUN_FILE) if (Path(folder) / name).is_file()), None)
        if path is None:
            raise RunError(f"nothing to search in {folder}: it has neither {FILE} nor {RUN_FILE}; is it a finished run?")
        try:
            table = pq.read_table(path, columns=["id", "embedding"], page_checksum_verification=True)
            column = table["embedding"].combine_chunks()
            vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)
            return cls.build(vectors, table["id"].to_pylist())
        except (pa.ArrowException, OSError, KeyError, AttributeError, ValueError) as error:
            raise RunError(f"{path} does not hold ids and embeddings ({error}); embed again, or copy the file again") from error


def _unit(embeddings: np.ndarray, rows: int) -> np.ndarray:
    vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != rows or 0 in vectors.shape:
        raise DataError(f"embeddings must be (samples, dim) with one row for each of {rows} ids and not empty, got {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise DataError("embeddings hold NaN or infinity; look at the training curves for divergence")
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _make_index(vectors: np.ndarray, exact: bool) -> Any:
    faiss = _faiss()
    count, dim = vectors.shape
    flat = faiss.IndexFlatIP(dim)
    if exact or count <= EXACT:
        flat.add(vectors)
        return flat
    lists = int(4 * math.sqrt(count))
    index = faiss.IndexIVFFlat(flat, dim, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = 0
    index.train(vectors[np.sort(np.random.default_rng(0).permutation(count)[: 64 * lists])])
    index.add(vectors)
    index.nprobe = max(1, round(SEARCHED * lists))
    return index


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError("faiss", "search", "search by example") from error
    return faiss
