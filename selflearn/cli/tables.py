"""Tables of what selflearn knows: recipes, systems, evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from selflearn.cli.console import console


def show_recipes() -> None:
    """The shelf of recipes."""
    from selflearn.recipes import entries

    table = Table(box=None, header_style="dim")
    for title in ("recipe", "family", "system", "what it does"):
        table.add_column(title)
    for entry in entries():
        table.add_row(entry.name, entry.family, entry.system or "", escape(entry.summary))
    console().print(table)


def show_recipe(name: str) -> None:
    """One recipe as it is written."""
    from selflearn.recipes import load, shelf

    recipe = load(name)
    path = shelf().get(recipe.name, Path(name))
    console().print(escape(path.read_text(encoding="utf-8")), soft_wrap=True)


def show_systems(family: str | None, kind: str | None, status: str | None) -> None:
    """The published systems, one a line."""
    from selflearn.evidence import systems

    rows = systems(family=family, kind=kind, status=status)
    table = Table(box=None, header_style="dim")
    for title in ("id", "system", "family", "status", "rerun"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(row.id, escape(row.title), row.family, row.status, row.command or "")
    console().print(table)
    decided = sum(row.status in {"holds", "does not hold"} for row in rows)
    console().print(f"{len(rows)} systems, {decided} decided.")


def show_evidence(result: dict[str, Any]) -> None:
    """A result: claim, verdict, difference and interval."""
    low, high = result["interval"]
    screen = console()
    screen.print(f"{escape(result['name'])} ({', '.join(result['systems'])}): {escape(result['claim'])}", soft_wrap=True)
    screen.print(f"[bold]{result['verdict']}[/]: {escape(result['decided_by'])}", soft_wrap=True)
    screen.print(f"difference {result['difference']:.4f}, 95 % interval {low:.4f} to {high:.4f}, margin {result['margin']}")


def show_checks(checks: list[tuple[str, str]]) -> bool:
    """Each stored result: whether its seal and statement still hold. True if all do."""
    for name, trouble in checks:
        console().print(f"{escape(name)}: {escape(trouble) or 'sealed'}")
    return not any(trouble for _, trouble in checks)
