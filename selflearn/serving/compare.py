"""Runs beside each other: one table of their scorecards, in Markdown that also reads well in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from selflearn.errors import RunError
from selflearn.evaluation import Scorecard
from selflearn.serving.scores import BASELINES, describe, write

Rows = Iterable[Mapping[str, Any]]


def compare(scorecards: Mapping[str, Scorecard | Rows]) -> str:
    """A Markdown table: a line a measure, a column a run, and the strongest baseline of any of them as the last column.

    The best run of each measure where more is better is marked with ``*``: not as proof, since runs are not paired, but to
    guide the eye. Values carry half the width of their 95 % interval.

    Parameters
    ----------
    scorecards : run name -> its scorecard, or its rows of ``features``, ``measure``, ``value``, ``low``, ``high``.

    Raises
    ------
    RunError : no run, or none of them was measured.
    """
    runs = {name: _indexed(rows) for name, rows in scorecards.items()}
    measures = list(dict.fromkeys(measure for rows in runs.values() for _, measure in rows))
    if not measures:
        raise RunError("there is nothing to compare: none of these runs has a scorecard; evaluate them first")
    lines = [["measure", *runs, "best baseline"]]
    for name in measures:
        measure = describe(name)
        own = [rows.get(("encoder", name)) for rows in runs.values()]
        cells = [_cell(row, name) for row in own]
        values = [row["value"] if row else math.nan for row in own]
        if measure.better and len(runs) > 1 and not all(math.isnan(value) for value in values):
            top = max(value for value in values if not math.isnan(value))
            cells = [f"{cell} *" if value == top else cell for cell, value in zip(cells, values, strict=True)]
        lines.append([name, *cells, _baseline(runs, name)])
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _indexed(given: Scorecard | Rows) -> dict[tuple[str, str], Mapping[str, Any]]:
    rows: Rows = given.to_json()["rows"] if isinstance(given, Scorecard) else given
    return {(row["features"], row["measure"]): row for row in rows}


def _cell(row: Mapping[str, Any] | None, measure: str) -> str:
    if row is None:
        return "-"
    shown = describe(measure)
    half = (row["high"] - row["low"]) / 2 * (100 if shown.share else 1)
    spread = f" ± {half:.{shown.digits(row['value'])}f}" if math.isfinite(half) and half > 0 else ""
    return write(row["value"], shown).removesuffix(" %") + spread + (" %" if shown.share else "")


def _baseline(runs: Mapping[str, Mapping[tuple[str, str], Mapping[str, Any]]], measure: str) -> str:
    """The strongest baseline of any run; where neither more nor less is better, nothing."""
    found = [(rows[key, measure]["value"], key) for rows in runs.values() for key in BASELINES if (key, measure) in rows]
    if not found or not describe(measure).better:
        return "-"
    value, key = max(found)
    return f"{write(value, describe(measure))} ({key})"
