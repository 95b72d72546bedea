"""Work on many files at once: decoding releases Python's lock, so threads are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from selflearn.data.options import ReadOptions
from selflearn.data.remote.retry import threads

_CHUNK = 32
Out = TypeVar("Out")


def in_threads(
    work: Callable[[int], Out], positions: Iterable[int], options: ReadOptions, total: int, done: int = 0
) -> Iterator[Out]:
    """`work` on every position by threads, answers in order; `options.progress` hears (done, total). Few answers wait at a time."""

    def chunk(part: list[int]) -> list[Out]:
        return [work(each) for each in part]

    source = iter(positions)
    parts = iter(lambda: list(islice(source, _CHUNK)), [])
    with threads(options.threads) as pool:
        waiting = [pool.submit(chunk, part) for part in islice(parts, 4 * options.threads)]
        while waiting:
            answers = waiting.pop(0).result()
            waiting.extend(pool.submit(chunk, part) for part in islice(parts, 1))
            yield from answers
            done += len(answers)
            if options.progress:
                options.progress(done, total)
