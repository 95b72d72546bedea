"""A network that learned from Gaussian processes beside one that is fitted anew on each function: how long, and how good.

python -m benchmarks.in_context RUN [--functions 60]

RUN has learned from prior:gp. For contexts of several sizes, new functions of its prior are told by the network in one pass, alone
and 64 at a time; by scikit-learn's Gaussian process with length scale and noise fitted to each context by its evidence (with no
restart, and with four, as people do who distrust the first); and by the exact answer. Log likelihoods are of hidden targets.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.common import keep
from selflearn.data.tasks import TaskBatch, Tasks
from selflearn.workflow import load
from selflearn.workflow.answering import answer, as_told

CONTEXTS = (10, 25, 45)
FIRST = 10_000  # of another seed than any run's own tasks
TOGETHER = 64


def refitted(restarts: int) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    """Log densities of the queries under a Gaussian process whose length scale and noise are fitted to the context."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    def told(values: np.ndarray, targets: np.ndarray, context: int) -> np.ndarray:
        kernel = RBF(0.2, (0.03, 3)) + WhiteKernel(0.01, (1e-4, 1))
        model = GaussianProcessRegressor(kernel, n_restarts_optimizer=restarts, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bounds that are reached
            model.fit(values[:context], targets[:context])
        mean, deviation = model.predict(values[context:], return_std=True)
        return -0.5 * ((targets[context:] - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))

    return told


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Processor seconds (others may be at work, too) of the fastest of some repeats, and what it gave."""
    best, given = np.inf, None
    for _ in range(repeats):
        began = time.process_time()
        given = work()
        best = min(best, time.process_time() - began)
    return best, given


def measure(encoder: Any, batch: TaskBatch, exact: Callable[..., np.ndarray]) -> dict[str, Any]:
    """Milliseconds of one processor a function, and log likelihood; and how many times as long a fit takes as a pass."""
    told = as_told(batch, 0)
    singles = [batch.select(torch.tensor([row])) for row in range(len(batch))]
    answer(encoder, singles[0], "cpu")
    passes = [timed(lambda each=each: answer(encoder, each, "cpu")[0], 3) for each in singles]
    together, _ = timed(lambda: answer(encoder, batch.select(torch.arange(len(batch)).repeat(TOGETHER)[:TOGETHER]), "cpu"), 3)
    rows = {"one pass": passes}
    for name, work in (("refitted", refitted(0)), ("refitted, four restarts", refitted(4)), ("exact", exact)):
        rows[name] = [timed(lambda task=task, work=work: work(*task)) for task in told.each()]
    figures: dict[str, Any] = {
        name: {
            "milliseconds": round(1000 * float(np.median([seconds for seconds, _ in each])), 2),
            "log likelihood": round(float(np.mean([logs.mean() for _, logs in each])), 3),
        }
        for name, each in rows.items()
    }
    figures["one pass"]["milliseconds, 64 at a time"] = round(1000 * together / TOGETHER, 3)
    own, many = figures["one pass"]["milliseconds"], figures["one pass"]["milliseconds, 64 at a time"]
    for name in ("refitted", "refitted, four restarts"):
        figures[name]["times a pass"] = round(figures[name]["milliseconds"] / own, 1)
        figures[name]["times a pass, 64 at a time"] = round(figures[name]["milliseconds"] / many, 0)
    return figures


def main() -> None:
    """Measure a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run that learned from prior:gp")
    parser.add_argument("--functions", type=int, default=60, help="functions for each size of context")
    arguments = parser.parse_args()
    run = load(arguments.run)
    dataset = run.read(run.request.source)
    if not isinstance(dataset, Tasks):
        parser.error(f"{arguments.run} learned from {dataset.spec.kind} data")
    fresh = Tasks(dataset.prior, FIRST + arguments.functions, dataset.seed + 1, 100, dataset.spec)
    batch = fresh.batch(np.arange(FIRST, FIRST + arguments.functions))
    figures = {
        f"context of {size}": measure(run.encoder, batch.replace(context=torch.full_like(batch.context, size)), dataset.prior.exact)
        for size in CONTEXTS
    }
    keep("in-context-gp", {"learned for": run.request.budget, **figures})


if __name__ == "__main__":
    main()
