"""An endless stream of batches: batch k is a function of (seed, k, rank) alone, so that a resumed run can start anywhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from selflearn.errors import DataError


class BatchStream(Sampler[list[int]]):
    """An infinite batch sampler for `DataLoader(dataset, batch_sampler=..., collate_fn=lambda batch: batch)`.

    Every epoch is a fresh permutation made from (seed, epoch) and cut into global batches of `batch * world` samples; rank r takes
    the r-th share of each. What is left over at the end of an epoch (fewer than one global batch) sits that epoch out: every
    batch is full and holds no sample twice, and over epochs all samples come equally often. With fewer samples than one
    global batch, each batch is the whole data, shared equally.

    Parameters
    ----------
    samples : how many samples the dataset has.
    batch : samples in a batch of one rank.
    seed : of the permutations.
    start : the number k of the first batch to give; a resumed run starts at its saved one.
    rank, world : this process's number, and how many share the data.

    Attributes
    ----------
    size : samples in each batch of this rank.
    epoch_length : batches in an epoch.

    Raises
    ------
    DataError : numbers that leave a rank without samples.

    Example
    -------
    >>> stream, resumed = BatchStream(10, 4, seed=0), BatchStream(10, 4, seed=0, start=1)
    >>> batches = iter(stream)
    >>> _ = next(batches)
    >>> next(batches) == next(iter(resumed))
    True
    """

    def __init__(self, samples: int, batch: int, seed: int, start: int = 0, rank: int = 0, world: int = 1) -> None:
        if batch < 1 or start < 0 or seed < 0 or not 0 <= rank < world:
            raise DataError(
                "a stream needs batch >= 1, start >= 0, seed >= 0 and 0 <= rank < world, "
                f"not {batch=}, {start=}, {seed=}, {rank=}, {world=}"
            )
        if samples < world:
            raise DataError(f"{samples} samples cannot be shared by {world} processes; use fewer processes")
        self.samples, self.batch, self.seed, self.start, self.rank, self.world = samples, batch, seed, start, rank, world
        self.size = min(batch, samples // world)
        self.epoch_length = samples // (self.size * world)

    def __iter__(self) -> Iterator[list[int]]:
        epoch, position = divmod(self.start, self.epoch_length)
        while True:
            order = self._order(epoch)
            for each in range(position, self.epoch_length):
                first = (each * self.world + self.rank) * self.size
                yield order[first : first + self.size].tolist()
            epoch, position = epoch + 1, 0

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.samples)
