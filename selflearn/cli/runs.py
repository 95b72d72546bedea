"""What commands share that begin or continue a run and end by showing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from selflearn.cli.console import complain

if TYPE_CHECKING:
    from pathlib import Path

    from selflearn.cli.screen import Screen
    from selflearn.workflow import Run


def check_begun(context: typer.Context, source: Any, resume: Path | None, also: str, what: str, on: str) -> None:
    """Either a source or what to continue is named; what is continued keeps its settings, but for `also`. Else the command ends.

    Parameters
    ----------
    what, on : how the message calls what is continued ("run"), and what its source is for ("learn from").
    """
    given = {name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"}
    if resume is not None and (ignored := sorted(given - {"resume", "source", also})):
        complain(f"--resume continues a {what} with the settings it began with; remove: {', '.join(ignored)}")
        raise typer.Exit(2)
    if (source is None) == (resume is None):
        complain(f"Say what to {on} (a folder, a file, or digits), or which {what} to continue with --resume FOLDER.")
        raise typer.Exit(2)


def show(screen: Screen, run: Run, page: Path) -> None:
    """Verdict, scorecard and files; a run that collapsed or diverged ends the command with status 3."""
    screen.verdict(run.verdict, run.scorecard)
    screen.files(run.path, page, predicts="answers" in run.encoder.capabilities)
    if run.verdict.kind in {"collapsed", "diverged"}:
        raise typer.Exit(3)
