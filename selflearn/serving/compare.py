"""Runs beside each other: one table of their scorecards, in Markdown that also reads well in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping

from selflearn.errors import RunError
from selflearn.evaluation import Row, Scorecard
from selflearn.serving.scores import BASELINES, describe, write

UNLIKE = "These runs were measured on different data: read down the columns, not across; there is no baseline in common."
STAR = "`*`: above all its own baselines, by the 95 % interval of the paired differences"


def compare(scorecards: Mapping[str, Scorecard], data: Mapping[str, str] | None = None) -> str:
    """A Markdown table: a line a measure, a column a run, and the strongest baseline of any of them as the last column.

    A run is marked with ``*`` where it lies clearly above all its own baselines (`Scorecard.lead`). Runs are not compared by
    intervals among themselves: they need not share their test samples. Values carry half the width of their 95 % interval.

    Parameters
    ----------
    scorecards : run name -> its scorecard.
    data : run name -> fingerprint of its data; where they differ, this is said, and no baseline stands in the last column.

    Raises
    ------
    RunError : no run, or none of them was measured.
    """
    measures = list(dict.fromkeys(measure for card in scorecards.values() for measure in card.measures()))
    if not measures:
        raise RunError("there is nothing to compare: none of these runs has a scorecard; evaluate them first")
    alike = len(set((data or {}).values())) <= 1
    lines = [["measure", *scorecards, "best baseline"]]
    for name in measures:
        baseline = _baseline(scorecards, name) if alike else "-"
        lines.append([name, *(_cell(card, name) for card in scorecards.values()), baseline])
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
    starred = any(cell.endswith(" *") for line in lines for cell in line)
    return "\n".join([*text, *(["", STAR] if starred else []), *([] if alike else ["", UNLIKE])])


def _cell(card: Scorecard, name: str) -> str:
    row = card.find("encoder", name)
    if row is None:
        return "-"
    shown = describe(name)
    half = (row.high - row.low) / 2 * (100 if shown.share else 1)
    spread = f" ± {half:.{shown.digits(row.value)}f}" if math.isfinite(half) and half > 0 else ""
    lead = card.lead(name) if shown.better else None
    star = " *" if lead is not None and lead.clear > 0 else ""
    return write(row.value, shown).removesuffix(" %") + spread + (" %" if shown.share else "") + star


def _baseline(scorecards: Mapping[str, Scorecard], measure: str) -> str:
    """The strongest baseline of any run; where neither more nor less is better, nothing."""
    rows: list[Row] = [row for card in scorecards.values() for row in card.rows]
    found = [(row.value, row.features) for row in rows if row.measure == measure and row.features in BASELINES]
    if not found or not describe(measure).better:
        return "-"
    value, key = max(found)
    return f"{write(value, describe(measure))} ({key})"
