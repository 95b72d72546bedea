"""How a ladder looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from selflearn.workflow.tuning import Ladder

BAR = 12  # characters


def ladder_table(ladder: Ladder) -> Table:
    """Candidates down, rungs across: score and bar, or how far one has to go; last what became of it."""
    table = Table(box=None, header_style="dim", padding=(0, 1))
    table.add_column("candidate", overflow="fold")
    for rung in ladder.rungs[:-1]:
        table.add_column(f"{100 * rung.share:.3g} %", no_wrap=True, min_width=BAR + 6)
    table.add_column("", overflow="fold")
    for each in ladder.candidates:
        cells = [_cell(ladder, each.name, number) for number in range(len(ladder.rungs) - 1)]
        gone, chosen = ladder.dropped.get(each.name), ladder.choice is not None and ladder.choice.name == each.name
        end = f"[dim]{escape(gone.why)}[/]" if gone else "[green]chosen[/]" if chosen else ""
        style = "bold" if chosen else "dim" if gone else ""
        table.add_row(escape(each.title), *cells, end, style=style)
    return table


def _cell(ladder: Ladder, name: str, rung: int) -> str:
    reached = ladder.standings.get(name, [])
    if rung >= len(reached):
        return ""
    alarm, height = reached[rung].alarm, ladder.height(name, rung)
    if alarm is not None:
        return f"[red]{alarm['kind']}[/]"
    if height is None:
        return "[dim]scored[/]"
    return f"{ladder.scores[rung][name]:.4g} [cyan]{'━' * (1 + round((BAR - 1) * height))}[/]"
