"""Who trains the candidates of a rung: this process, one after the other, or others (`ray`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from selflearn.workflow.reporter import Reporter
from selflearn.workflow.tuning.bench import Bench
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing


class Workers(Protocol):
    """What trains candidates to a rung, in any order."""

    def ready(self, bench: Bench) -> AbstractContextManager[None]:
        """Meanwhile candidates can be trained on this bench."""
        ...

    def climb(
        self, candidates: list[Candidate], rung: int, share: float, reporter: Reporter
    ) -> Iterator[tuple[Candidate, Standing]]:
        """Each candidate with how it stands at this share of the course, as soon as that is known."""
        ...


class Here:
    """One candidate after the other, in this process."""

    def ready(self, bench: Bench) -> AbstractContextManager[None]:
        """Nothing has to be started."""
        self.bench = bench
        return nullcontext()

    def climb(
        self, candidates: list[Candidate], rung: int, share: float, reporter: Reporter
    ) -> Iterator[tuple[Candidate, Standing]]:
        """In the order of the ladder."""
        for each in candidates:
            yield each, self.bench.climb(each, rung, share, reporter.train)
