"""What a person sees in the terminal: progress with loss, rank and time left, the verdict, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table

from selflearn.cli.console import console
from selflearn.cli.ladder import ladder_table
from selflearn.workflow.reporter import Reporter

if TYPE_CHECKING:
    from selflearn.evaluation import Scorecard
    from selflearn.measures import Verdict
    from selflearn.training import Progress as Training
    from selflearn.workflow.tuning import Ladder

LEAST_WORDS = 20  # characters of what a sample says that are always shown
COLOURS = {"learned": "green", "did not learn": "yellow", "collapsed": "red", "diverged": "red"}


class _Bars(Progress):
    """Bars, and above them the ladder of a tuning, if there is one."""

    ladder: Ladder | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn anew with every change."""
        if self.ladder is not None:
            yield ladder_table(self.ladder)
        yield from super().get_renderables()


class Screen(Reporter):
    """Draws what a workflow reports."""

    def __init__(self, command: str = "learn") -> None:
        self.console = console()
        self.command = command
        self.bars = _Bars(
            TextColumn("{task.description}", table_column=Column(min_width=11, no_wrap=True)),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %", table_column=Column(min_width=5, no_wrap=True)),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=self.console,
        )
        self.tasks: dict[str, TaskID] = {}
        self.told: list[str] = []

    def __enter__(self) -> Screen:
        self.bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bars.stop()
        if kind is KeyboardInterrupt:  # typer ends the process without a word
            self.done(f"Interrupted. A run that had begun continues with: selflearn {self.command} --resume RUN")

    def say(self, line: str) -> None:
        """One sentence, above the bars."""
        self.bars.console.print(escape(line), soft_wrap=True)

    def warn(self, line: str) -> None:
        """One sentence, marked."""
        self.bars.console.print(f"[yellow]Note:[/] {escape(line)}", soft_wrap=True)

    def done(self, line: str) -> None:
        """The last sentence of a command."""
        self.console.print(escape(line), soft_wrap=True)

    def work(self, what: str, done: int, total: int) -> None:
        """A bar for work of known length."""
        self._bar(what, done, total, "")

    def measure(self, what: str, done: int, total: int) -> None:
        """One bar for many measurements of unlike names."""
        self._bar("measuring", done, total, what)

    def train(self, progress: Training) -> None:
        """The bar of learning: loss, effective rank, time left."""
        left = "" if progress.seconds_left is None else f"{_clock(progress.seconds_left)} left, "
        rank = "" if progress.rank is None else f", rank {progress.rank:.0f}"
        note = f"{left}step {progress.step:,}, loss {progress.loss:.3f}{rank}"
        self._bar("learning", int(progress.share * 1000), 1000, note)

    def climb(self, ladder: Ladder) -> None:
        """The ladder, above the bars; where nobody looks, each settled rung as one sentence."""
        self.bars.ladder = ladder
        told = [f"{each.title}: {gone.why}" for each in ladder.candidates if (gone := ladder.dropped.get(each.name))]
        if not self.console.is_terminal:
            for line in told[len(self.told) :]:
                self.say(f"Dropped {line}.")
        self.told = told

    def _bar(self, what: str, done: int, total: int, note: str) -> None:
        if what not in self.tasks:
            self.tasks[what] = self.bars.add_task(what, total=total, note=note)
        self.bars.update(self.tasks[what], completed=done, total=total, note=note)

    def verdict(self, verdict: Verdict, scorecard: Scorecard) -> None:
        """The verdict, its reason and remedy, and the scorecard."""
        self.console.print()
        self.console.print(f"Verdict: [bold {COLOURS[verdict.kind]}]{verdict.kind}[/]. {escape(verdict.reason)}", soft_wrap=True)
        if verdict.remedy:
            self.console.print(f"What to do: {escape(verdict.remedy)}", soft_wrap=True)
        if scorecard.rows:
            self.console.print(_card(scorecard))

    def scores(self, scorecard: Scorecard) -> None:
        """A scorecard by itself, and what is to be said of it."""
        self.console.print(_card(scorecard))
        for line in scorecard.notes:
            self.say(line)

    def files(self, run: Path, page: Path, predicts: bool = False) -> None:
        """Where things lie and what can be done with them next."""
        self.console.print(f"Report:  {escape(str(page))}", soft_wrap=True)
        if predicts:
            self.console.print(f"Next:    selflearn predict {escape(str(run))} TABLE --column NAME", soft_wrap=True)
            return
        self.console.print(
            f"Next:    selflearn search {escape(str(run))} --like FILE   |   selflearn embed {escape(str(run))} DATA",
            soft_wrap=True,
        )

    def neighbours(self, like: str, found: list[tuple[str, float, str]], words: Mapping[str, str]) -> None:
        """What a search found: id, similarity, label, and what it says, for kinds that are told in words."""
        table = Table(box=None, header_style="dim")
        table.add_column("similarity", justify="right", no_wrap=True)
        table.add_column("id", overflow="fold")
        table.add_column("label", overflow="fold")
        if words:  # no longer than the room that ids and labels leave: they are what an answer is used by
            taken = 20 + max((len(name) for name, _, _ in found), default=0) + max((len(label) for _, _, label in found), default=0)
            table.add_column("words", no_wrap=True, overflow="ellipsis", max_width=max(self.console.width - taken, LEAST_WORDS))
        for name, similarity, label in found:
            told = [escape(words.get(name, ""))] if words else []
            table.add_row(f"{similarity:.3f}", escape(name), escape(label), *told)
        self.console.print(f"Most like {escape(like)}:")
        self.console.print(table)


def _card(scorecard: Scorecard) -> Table:
    """Measures down, features across; the interval in small where there is one."""
    columns = scorecard.names()
    table = Table(box=None, header_style="dim")
    table.add_column("measure")
    for name in columns:
        table.add_column(name, justify="right")
    for measure in dict.fromkeys(row.measure for row in scorecard.rows):
        cells = {row.features: row for row in scorecard.rows if row.measure == measure}
        shown = [_cell(cells[name]) if name in cells else "" for name in columns]
        table.add_row(measure, *shown)
    return table


def _cell(row: Any) -> str:
    half = (row.high - row.low) / 2 if row.low is not None and row.high is not None else 0.0
    return f"{row.value:.3f}" + (f" [dim]±{half:.3f}[/]" if half > 0 else "")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"
