"""metrics.jsonl: one JSON object a look of the monitors. What a killed process half wrote, or wrote twice, does not stay."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from selflearn.training.folder import RunFolder, replacing

FILE = "metrics.jsonl"
COLUMNS = (
    "stage",
    "step",
    "samples",
    "epoch",
    "seconds",
    "lr",
    "total",
    "grad_norm",
    "weight_norm",
    "deviation",
    "scale",
    "rank",
    "directions",
)


def read_metrics(folder: RunFolder) -> list[dict[str, Any]]:
    """The rows in order; every key that is not in `COLUMNS` is a named loss. A torn line is passed over; no file is no rows."""
    return _rows(folder.file(FILE))


class MetricsFile:
    """Appends rows to a run's metrics.

    Parameters
    ----------
    folder : the run.
    stage, step : rows of this stage after this step, and of later stages, are removed first: they will be written again.
    """

    def __init__(self, folder: RunFolder, stage: int, step: int) -> None:
        self._path, self._stage = folder.file(FILE), stage
        self.lost = 0
        if self._path.exists():
            kept = [row for row in _rows(self._path) if (row.get("stage", 0), row["step"]) <= (stage, step)]
            with replacing(self._path) as beside:
                beside.write_text("".join(_line(row) for row in kept), encoding="utf-8")

    def append(self, row: dict[str, Any]) -> None:
        """Add a row. Where the disk is full the row is lost and counted: learning matters more than its curve."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line({"stage": self._stage, **row}))
        except OSError:
            self.lost += 1


def _line(row: dict[str, Any]) -> str:
    clean = {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
    return json.dumps(clean, ensure_ascii=False) + "\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows.append(row)
    return rows
