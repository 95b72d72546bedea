"""What a workflow tells while it works. The command line draws it; Python callers may leave it silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selflearn.training import Progress
    from selflearn.workflow.tuning.ladder import Ladder


class Reporter:
    """Silent by default; override what you want to show."""

    def say(self, line: str) -> None:
        """One sentence a person should read."""

    def warn(self, line: str) -> None:
        """Something that was skipped, lowered or dropped."""

    def work(self, what: str, done: int, total: int) -> None:
        """Work of known length: reading, embedding, evaluating."""

    def train(self, progress: Progress) -> None:
        """Where training stands."""

    def climb(self, ladder: Ladder) -> None:
        """Where the candidates of a tuning stand."""
