"""The console, and how it complains. Light, so that an error shows at once."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape


def console(stderr: bool = False) -> Console:
    """A console that does not break lines where nobody looks (pipes, files)."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def complain(message: str) -> None:
    """One error, in red, on standard error."""
    console(stderr=True).print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
