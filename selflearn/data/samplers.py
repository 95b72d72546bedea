"""An endless stream of batches: batch k is a function of (seed, k, rank) alone, so that a resumed run can start anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Sampler

from selflearn.errors import DataError


@dataclass(frozen=True)
class Blocks:
    """Samples that are cheap to read together: those of one shard.

    Attributes
    ----------
    of : (n,) int32 number of the block that each sample lies in.
    window : how many blocks are read side by side. It decides in which order samples come, so it follows from the data and
        from what was asked for, never from the machine.
    """

    of: np.ndarray
    window: int

    def take(self, positions: np.ndarray) -> Blocks:
        """The blocks of some samples."""
        return Blocks(self.of[positions], self.window)


class Drawn(list[int]):
    """The positions of one batch, and the numbers of the blocks that will be wanted soon."""

    def __init__(self, positions: Iterable[int], ahead: tuple[int, ...] = ()) -> None:
        super().__init__(positions)
        self.ahead = ahead


class BatchStream(Sampler[list[int]]):
    """An infinite batch sampler for `DataLoader(dataset, batch_sampler=..., collate_fn=lambda batch: batch)`.

    Every epoch is a fresh permutation made from (seed, epoch) and cut into global batches of `batch * world` samples; rank r takes
    the r-th share of each. What is left over at the end of an epoch (fewer than one global batch) sits that epoch out: every
    batch is full and holds no sample twice, and over epochs all samples come equally often. With fewer samples than one
    global batch, each batch is the whole data, shared equally.

    Data in blocks (shards) is shuffled so that few of them are wanted at a time: an epoch permutes the blocks, takes `window` of
    them together, and permutes the samples of each such window. Data of one window is shuffled as if it had no blocks.

    Parameters
    ----------
    samples : how many samples the dataset has.
    batch : samples in a batch of one rank.
    seed : of the permutations.
    start : the number k of the first batch to give; a resumed run starts at its saved one.
    rank, world : this process's number, and how many share the data.
    blocks : which samples are read together; None where any is as cheap as any other. Batches are then `Drawn`.

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

    def __init__(
        self, samples: int, batch: int, seed: int, start: int = 0, rank: int = 0, world: int = 1, blocks: Blocks | None = None
    ) -> None:
        if batch < 1 or start < 0 or seed < 0 or not 0 <= rank < world:
            raise DataError(
                "a stream needs batch >= 1, start >= 0, seed >= 0 and 0 <= rank < world, "
                f"not {batch=}, {start=}, {seed=}, {rank=}, {world=}"
            )
        if samples < world:
            raise DataError(f"{samples} samples cannot be shared by {world} processes; use fewer processes")
        self.samples, self.batch, self.seed, self.start, self.rank, self.world = samples, batch, seed, start, rank, world
        self.blocks = blocks
        self.size = min(batch, samples // world)
        self.epoch_length = samples // (self.size * world)

    def __iter__(self) -> Iterator[list[int]]:
        epoch, position = divmod(self.start, self.epoch_length)
        while True:
            order = _Order.of(self.samples, self.seed, epoch, self.blocks)
            for each in range(position, self.epoch_length):
                first = (each * self.world + self.rank) * self.size
                drawn = order.positions[first : first + self.size].tolist()
                yield drawn if self.blocks is None else Drawn(drawn, order.ahead(first))
            epoch, position = epoch + 1, 0


@dataclass(frozen=True)
class _Order:
    """One epoch: all positions in their order, and the windows of blocks that they come from.

    Attributes
    ----------
    positions : (n,) every sample once.
    starts : (windows + 1,) where in `positions` each window begins, and the last one ends.
    windows : the blocks of each window.
    """

    positions: np.ndarray
    starts: np.ndarray
    windows: list[np.ndarray]

    @classmethod
    def of(cls, samples: int, seed: int, epoch: int, blocks: Blocks | None) -> _Order:
        generator = np.random.default_rng([seed, epoch])
        positions = generator.permutation(samples)
        if blocks is None:
            return cls(positions, np.array([0, samples]), [])
        numbers, which = np.unique(blocks.of, return_inverse=True)
        order = generator.permutation(len(numbers))
        windows = [numbers[order[first : first + blocks.window]] for first in range(0, len(order), blocks.window)]
        place = np.empty(len(numbers), dtype=np.int64)
        place[order] = np.arange(len(order)) // blocks.window
        window = place[which]
        starts = np.concatenate([[0], np.cumsum(np.bincount(window, minlength=len(windows)))])
        return cls(positions[np.argsort(window[positions], kind="stable")], starts, windows)

    def ahead(self, first: int) -> tuple[int, ...]:
        """The blocks to make ready while the batch that begins at `first` is worked on.

        They are those of its window and then, as far as the window is used up, those of the next one.
        """
        window = min(int(np.searchsorted(self.starts, first, side="right")) - 1, len(self.windows) - 1)
        here, begin, end = self.windows[window], self.starts[window], self.starts[window + 1]
        if window + 1 == len(self.windows):
            return tuple(here.tolist())
        following = self.windows[window + 1]
        share = (first - begin + 1) / max(end - begin, 1)
        return (*here.tolist(), *following[: math.ceil(share * len(following))].tolist())
