"""How a run was chosen among candidates: the ladder of a tuning as a section of its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selflearn.workflow.tuning import Ladder


def climbed(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the page's template shows of `ladder.json`; None where a run was not tuned."""
    if content is None:
        return None
    ladder = Ladder.from_json(dict(content))
    shares = [f"{100 * rung.share:.3g} % of the course" for rung in ladder.rungs[: len(ladder.scores)]]
    return {
        "lead": (
            f"{len(ladder.candidates)} candidates shared {ladder.budget} of training. All follow one course of {ladder.course}, "
            "pause at each rung, and are scored on held-out samples without labels, all in the same views; the best go on from "
            "where they paused. The score is the mean of a candidate's places in two measures, 1 for the first in both: LiDAR, "
            "how many directions tell samples apart by more than those views move them, and self retrieval, whether two views of "
            "a sample find each other. The default climbs to the last choice, and gives way only to who is ahead of it in both."
        ),
        "columns": shares,
        "rows": [_row(ladder, each) for each in _in_order(ladder)],
        "check": _check(ladder),
    }


def _in_order(ladder: Ladder) -> list[Any]:
    """The chosen one first, then who got furthest, best score first."""

    def place(each: Any) -> tuple[bool, int, float]:
        gone = ladder.dropped.get(each.name)
        rung = gone.rung if gone else len(ladder.scores)
        last = ladder.scores[min(rung, len(ladder.scores) - 1)].get(each.name, -1.0) if ladder.scores else 0.0
        return (gone is not None, -rung, -last)

    return sorted(ladder.candidates, key=place)


def _row(ladder: Ladder, each: Any) -> dict[str, Any]:
    gone, reached = ladder.dropped.get(each.name), ladder.standings.get(each.name, [])
    cells: list[dict[str, Any] | None] = []
    for rung, scores in enumerate(ladder.scores):
        height = ladder.height(each.name, rung)
        if height is None:
            cells.append(None)
            continue
        accuracy = ladder.check["rungs"][rung]["accuracy"].get(each.name) if ladder.check else None
        note = "" if accuracy is None else f"probe {100 * accuracy:.1f} %, unseen"
        cells.append({"text": f"{scores[each.name]:.4g}", "percent": 5 + round(95 * height), "note": note})
    end = f"dropped, {gone.why}" if gone else "chosen" if ladder.choice else "climbing"
    if reached and gone is None:
        end += f" after {reached[-1].steps:,} updates"
    return {"title": each.title, "cells": cells, "end": end, "style": "gone" if gone else "chosen"}


def _check(ladder: Ladder) -> list[str]:
    """The choice against labels that nothing saw, in sentences."""
    if ladder.check is None:
        return ["There are no labels to check the choice against."]
    found, percent = ladder.check, "{:.1f} %".format
    told = [
        f"The check against labels that neither candidates nor scores saw, by linear probes of what stood at the first rung: the "
        f"choice {percent(100 * found['choice'])}, "
        + (f"the default recipe {percent(100 * found['default'])}, " if found["default"] is not None else "")
        + f"the best candidate {percent(100 * found['best'])}, so that {100 * found['regret']:.1f} points are missed."
    ]
    for number, rung in enumerate(found["rungs"], start=1):
        if rung["spearman"] is not None:
            told.append(
                f"Rung {number}: score and probe agree by a rank correlation of {rung['spearman']:.2f} over n = {rung['n']}."
            )
    return told
