"""Values that were measured, kept by content: what two experiments share is computed once, and a run that was cut off goes on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from selflearn.evidence.seal import digest


@dataclass(frozen=True)
class Cell:
    """One arm, measured with one seed.

    Attributes
    ----------
    scores : measure -> value.
    seconds : what it took.
    code : the version of the code that measured it (`provenance.code_version`).
    alarm : "collapsed" or "diverged" if learning was stopped for it.
    """

    scores: dict[str, float]
    seconds: float
    code: str
    alarm: str | None = None


class Store:
    """A folder of cells.

    Parameters
    ----------
    folder : by default ``$SELFLEARN_CACHE/evidence``, else ``~/.cache/selflearn/evidence``.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        base = Path(os.environ.get("SELFLEARN_CACHE") or Path.home() / ".cache" / "selflearn")
        self.folder = Path(folder) if folder is not None else base / "evidence"

    def get(self, settings: dict[str, Any], code: str) -> Cell | None:
        """The cell measured with exactly these settings by this version of the code, or None. A damaged file counts as none."""
        try:
            content = json.loads(self._file(settings).read_text(encoding="utf-8"))
            cell = Cell(**content["cell"])
            return cell if content["settings"] == settings and cell.code == code else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, settings: dict[str, Any], cell: Cell) -> None:
        """Keep a cell; whole or not at all."""
        file = self._file(settings)
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"settings": settings, "cell": asdict(cell)}, indent=1), encoding="utf-8")
        beside.replace(file)

    def _file(self, settings: dict[str, Any]) -> Path:
        key = digest(settings)
        return self.folder / key[:2] / f"{key}.json"
