"""The command line. Heavy libraries are imported by the command that needs them, so that --help answers at once."""

from selflearn.cli.main import main

__all__ = ["main"]
