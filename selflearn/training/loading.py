"""Batches from a dataset: whole ones, in this process for data in memory, by worker processes for data that is streamed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Sampler

from selflearn.data import BatchStream, Dataset
from selflearn.data.batch import Batch
from selflearn.data.samplers import Blocks, Drawn
from selflearn.errors import DataError, RunError
from selflearn.ranks import rank, world

MOST_WORKERS = 8  # beyond it, reading waits for the disk and not for processors


def batches(
    dataset: Dataset, batch: int, seed: int, start: int, *, workers: int | None = None, pin: bool = False
) -> DataLoader[Batch]:
    """A rank's share of batches for ever, beginning with micro-batch `start`; each is a function of (seed, its number) alone.

    `batch` is that of all ranks together.
    """
    stream = BatchStream(len(dataset), batch // world(), seed, start, rank(), world(), dataset.blocks)
    return _loader(dataset, stream, workers, pin)


def in_order(dataset: Dataset, batch: int, *, workers: int | None = None, pin: bool = False) -> DataLoader[Batch]:
    """Every sample once, in the dataset's order."""
    rows = [range(first, min(first + batch, len(dataset))) for first in range(0, len(dataset), batch)]
    return _loader(dataset, _InOrder(rows, dataset.blocks), workers, pin)


class _InOrder(Sampler[list[int]]):
    """Batches one after the other, and of data in blocks the block that follows, to be made ready."""

    def __init__(self, rows: list[range], blocks: Blocks | None) -> None:
        self.rows, self.blocks = rows, blocks

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[list[int]]:
        if self.blocks is None:
            yield from map(list, self.rows)
            return
        of = self.blocks.of
        ends = np.flatnonzero(np.diff(of)) + 1
        for each in self.rows:
            place = np.searchsorted(ends, each[-1], side="right")
            following = ends[place : place + 1].tolist()
            yield Drawn(each, tuple(dict.fromkeys(of[[*each, *following]].tolist())))


@contextmanager
def plain_errors() -> Iterator[None]:
    """A foreseen error of a worker process without the traceback that PyTorch puts before it; the end of one told as such."""
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        raise RunError(
            "a process that reads the data has ended, perhaps for want of memory: set fewer, as with --set workers=1, or a smaller "
            "batch; what was saved is not lost: continue with --resume RUN"
        ) from error
    except DataError as error:
        _, found, told = str(error).rpartition(f"{type(error).__name__}: ")
        if not found or "Original Traceback" not in str(error):
            raise
        raise DataError(told.strip()) from None


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
