"""Batches from a dataset: whole ones, in this process for data in memory, by worker processes for data that is streamed."""

from __future__ import annotations

import os
import signal
from typing import Any

from torch.utils.data import DataLoader, Sampler

from selflearn.data import BatchStream, Dataset
from selflearn.data.batch import Batch
from selflearn.ranks import rank, world

MOST_WORKERS = 8  # beyond it, reading waits for the disk and not for processors


def batches(
    dataset: Dataset, batch: int, seed: int, start: int, *, workers: int | None = None, pin: bool = False
) -> DataLoader[Batch]:
    """A rank's share of batches for ever, beginning with micro-batch `start`; each is a function of (seed, its number) alone.

    `batch` is that of all ranks together.
    """
    return _loader(dataset, BatchStream(len(dataset), batch // world(), seed, start, rank(), world()), workers, pin)


def in_order(dataset: Dataset, batch: int, *, workers: int | None = None, pin: bool = False) -> DataLoader[Batch]:
    """Every sample once, in the dataset's order."""
    rows = [list(range(first, min(first + batch, len(dataset)))) for first in range(0, len(dataset), batch)]
    return _loader(dataset, rows, workers, pin)


def _loader(dataset: Dataset, rows: Any, workers: int | None, pin: bool) -> DataLoader[Batch]:
    if not dataset.streamed:
        workers = 0
    elif workers is None:
        workers = min(MOST_WORKERS, max(1, (os.cpu_count() or 2) - 1))
    sampler: Sampler[list[int]] = rows
    return DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=sampler,
        collate_fn=_whole,
        num_workers=workers,
        pin_memory=pin,
        worker_init_fn=_deaf if workers else None,
    )


def _whole(batch: Any) -> Any:
    return batch


def _deaf(worker: int) -> None:
    """Ctrl-C is for the main process, which stops its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
