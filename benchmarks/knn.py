"""Nearest neighbours of 10,000 queries among 1,000,000 vectors, ours beside faiss called directly, exact and approximate.

python -m benchmarks.knn [--vectors 1000000] [--queries 10000] [--dim 64] [--rounds 2]

Vectors are Gaussian clusters on the sphere, as embeddings are clustered. Exact: `SearchIndex`, and the search behind
every k-NN score, beside `faiss.IndexFlatIP`. Approximate: `SearchIndex` beside the same inverted lists made and asked by hand.
Times hold making the index, and all is measured in turn in one run.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import faiss
import numpy as np

from benchmarks.common import keep
from selflearn.measures.neighbours import nearest
from selflearn.serving.search import SEARCHED, SearchIndex

K = 20
CLUSTERS = 1000


def points(count: int, dim: int, seed: int) -> np.ndarray:
    """(count, dim) float32 of length 1, around centres that every seed shares."""
    centres = np.random.default_rng(0).standard_normal((CLUSTERS, dim), dtype=np.float32)
    draw = np.random.default_rng(seed)
    made = centres[draw.integers(CLUSTERS, size=count)] + 0.7 * draw.standard_normal((count, dim), dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def ours(bank: np.ndarray, queries: np.ndarray, exact: bool) -> np.ndarray:
    """By `SearchIndex`."""
    return SearchIndex.build(bank, [str(number) for number in range(len(bank))], exact=exact).rows(queries, K)[0]


def by_hand(bank: np.ndarray, queries: np.ndarray, lists: int, probes: int) -> np.ndarray:
    """Inverted lists made and asked by faiss alone."""
    flat = faiss.IndexFlatIP(bank.shape[1])
    index = faiss.IndexIVFFlat(flat, bank.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = 0
    index.train(bank[np.sort(np.random.default_rng(0).permutation(len(bank))[: 64 * lists])])
    index.add(bank)
    index.nprobe = probes
    return index.search(queries, K)[1]


def exactly(bank: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Everything compared, by faiss alone."""
    flat = faiss.IndexFlatIP(bank.shape[1])
    flat.add(bank)
    return flat.search(queries, K)[1]


def main() -> None:
    """Alternate ours and faiss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    bank, queries = points(asked.vectors, asked.dim, 1), points(asked.queries, asked.dim, 2)
    lists = int(4 * math.sqrt(len(bank)))
    ways: dict[str, Callable[[], np.ndarray]] = {
        "faiss exact": lambda: exactly(bank, queries),
        "exact": lambda: ours(bank, queries, exact=True),
        "k-NN score": lambda: np.asarray(nearest(queries, bank, K)[1]),
        "approximate": lambda: ours(bank, queries, exact=False),
        "faiss approximate": lambda: by_hand(bank, queries, lists, round(SEARCHED * lists)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    truth, recall = np.empty(0), dict[str, float]()
    for _ in range(asked.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            found = way()
            seconds[name].append(time.perf_counter() - began)
            truth = found if name == "faiss exact" else truth
            recall[name] = _recall(found, truth)
        print({name: round(values[-1], 1) for name, values in seconds.items()}, recall, flush=True)
    beside = {"exact": "faiss exact", "k-NN score": "faiss exact", "approximate": "faiss approximate"}
    median = {name: round(statistics.median(values), 2) for name, values in seconds.items()}
    ratio = {
        name: round(statistics.median(a / b for a, b in zip(seconds[name], seconds[other], strict=True)), 3)
        for name, other in beside.items()
    }
    sizes = {"vectors": asked.vectors, "queries": asked.queries, "dim": asked.dim, "k": K}
    keep("knn", {**sizes, "seconds": median, "time_over_faiss": ratio, "recall": recall})


def _recall(found: np.ndarray, truth: np.ndarray) -> float:
    return round(float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found.tolist(), truth.tolist(), strict=True)])), 4)


if __name__ == "__main__":
    main()
