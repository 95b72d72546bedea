"""The scorecard as a person reads it: each measure's name, meaning, unit and direction, and the words of the verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from selflearn.serving.charts import intervals

FEATURES = {"encoder": "Encoder", "raw": "Raw input", "pca": "PCA", "untrained": "Untrained"}
STYLES = {"encoder": "of-encoder", "raw": "of-raw", "pca": "of-pca", "untrained": "of-untrained"}
LABELLED, UNLABELLED = "With labels", "Without labels"
CHECK = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="currentColor"/><path d="M6.8 12.4l3.5 3.5 6.9-7.4" fill="none" stroke="var(--paper)" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
PAUSE = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="currentColor"/><path d="M7 12h10" stroke="var(--paper)" stroke-width="2.4" stroke-linecap="round"/></svg>'
ALARM = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 1.8 23.4 22H.6Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round"/><path d="M12 9v6M12 18.4v.2" stroke="var(--paper)" stroke-width="2.2" stroke-linecap="round"/></svg>'
VERDICTS = {
    "learned": ("It learned.", "good", CHECK),
    "did not learn": ("It did not learn.", "warn", PAUSE),
    "collapsed": ("It collapsed.", "bad", ALARM),
    "diverged": ("It diverged.", "bad", ALARM),
}


@dataclass(frozen=True)
class Measure:
    """How a measure is shown.

    Attributes
    ----------
    title, meaning : in plain words.
    share : True for shares of 1, shown as per cent.
    better : 1 where more is better, -1 where less is, 0 where neither can be said.
    family : with or without labels.
    """

    title: str
    meaning: str
    share: bool
    better: int
    family: str


MEASURES = {
    "knn": Measure("Nearest neighbours", "held-out samples whose neighbours vote for the right class", True, 1, LABELLED),
    "linear": Measure("Linear probe", "held-out samples a linear classifier gets right, given all labels", True, 1, LABELLED),
    "nmi": Measure("Clusters, NMI", "agreement of k-means clusters with the classes; 1 is perfect", False, 1, LABELLED),
    "ari": Measure("Clusters, ARI", "agreement beyond chance, pair by pair; 1 is perfect", False, 1, LABELLED),
    "self retrieval": Measure("Self retrieval", "a view of a sample finds its own sample among all", True, 1, UNLABELLED),
    "rankme": Measure("Effective rank", "RankMe: directions the embedding really uses; near 1 means collapse", False, 0, UNLABELLED),
    "spectrum decay": Measure("Spectrum decay", "how fast directions fade; near 1 goes with features that generalise", False, 0, UNLABELLED),
    "alignment": Measure("Alignment", "distance between two views of a sample; less is better, 0 at collapse", False, -1, UNLABELLED),
    "uniformity": Measure("Uniformity", "how evenly samples spread over the sphere; less is better", False, -1, UNLABELLED),
}
HEADLINES = ("knn", "4 labels a class", "1 label a class", "16 labels a class", "linear", "self retrieval")


def describe(measure: str) -> Measure:
    """How to show a measure; one that is not known is shown under its own name, and nothing is said of its direction."""
    if measure in MEASURES:
        return MEASURES[measure]
    if re.fullmatch(r"\d+ labels? a class|[\d.]+ %", measure):
        amount = measure if measure.endswith("class") else f"{measure} of the labels"
        return Measure(amount[0].upper() + amount[1:], "a logistic probe that sees no other labels", True, 1, LABELLED)
    return Measure(measure, "", False, 0, UNLABELLED)


def verdict(given: Mapping[str, str]) -> dict[str, Any]:
    """The verdict's headline, tone, icon, and its reason cut into sentences, one for each measure."""
    headline, tone, icon = VERDICTS.get(given["kind"], (f"{given['kind']}.".capitalize(), "warn", PAUSE))
    reason = re.sub(r"(?<=\))\.\s+(?=[A-Z0-9])", ".\n", given.get("reason", "")).splitlines()
    return {"headline": headline, "tone": tone, "icon": Markup(icon), "reason": reason, "remedy": given.get("remedy", "")}  # noqa: S704 - our own icons


def write(value: float, measure: Measure) -> str:
    """A value in the measure's unit: "93.4 %", "0.812", "41.3"."""
    if not math.isfinite(value):
        return "–"
    if measure.share:
        return f"{100 * value:.1f} %"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def headlines(rows: Sequence[Mapping[str, Any]], most: int = 2) -> list[dict[str, Any]]:
    """The first measures that a reader asks for, as bars from zero: nearest neighbours, few labels; without labels self retrieval."""
    blocks = []
    for name in HEADLINES:
        found = {row["features"]: row["value"] for row in rows if row["measure"] == name}
        if "encoder" not in found or len(blocks) == most:
            continue
        measure = describe(name)
        bars = [
            {"features": key, "name": title, "text": write(found[key], measure), "percent": round(100 * min(max(found[key], 0), 1), 2)}
            for key, title in FEATURES.items()
            if key in found and math.isfinite(found[key])
        ]
        blocks.append({"title": measure.title, "meaning": measure.meaning, "bars": bars})
    return blocks


def table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Columns and families of rows of the scorecard's table; None without rows."""
    if not rows:
        return None
    present = {row["features"] for row in rows}
    columns = {key: FEATURES.get(key, key) for key in [*FEATURES, *sorted(present - set(FEATURES))] if key in present}
    found = {(row["features"], row["measure"]): row for row in rows}
    families: dict[str, list[dict[str, Any]]] = {LABELLED: [], UNLABELLED: []}
    for name in dict.fromkeys(row["measure"] for row in rows):
        measure = describe(name)
        across = {key: found.get((key, name)) for key in columns}
        cells = [_cell(key, columns[key], row, measure) for key, row in across.items()]
        _compare(cells, across, measure)
        picture = intervals([(STYLES.get(key, "of-pca"), *_bounds(row)) for key, row in across.items()])
        families[measure.family].append({"title": measure.title, "meaning": measure.meaning, "cells": cells, "picture": picture})
    return {
        "columns": [{"key": key, "name": name} for key, name in columns.items()],
        "families": [{"name": name, "rows": kept} for name, kept in families.items() if kept],
    }


def _bounds(row: Mapping[str, Any] | None) -> tuple[float, float, float]:
    return (math.nan, math.nan, math.nan) if row is None else (row["value"], row["low"], row["high"])


def _cell(features: str, name: str, row: Mapping[str, Any] | None, measure: Measure) -> dict[str, str]:
    value, low, high = _bounds(row)
    half = (high - low) / 2
    spread = f"± {write(half, measure)}" if math.isfinite(half) and half > 0 else ""
    return {"features": features, "name": name, "text": write(value, measure), "spread": spread, "gain": "", "tone": ""}


def _compare(cells: list[dict[str, str]], across: Mapping[str, Mapping[str, Any] | None], measure: Measure) -> None:
    """Write under the encoder's value how far it lies from the strongest baseline."""
    own = across.get("encoder")
    others = [row["value"] for key, row in across.items() if key != "encoder" and row is not None and math.isfinite(row["value"])]
    if own is None or not others or not measure.better or not math.isfinite(own["value"]):
        return
    gain = own["value"] - (max(others) if measure.better > 0 else min(others))
    cells[0]["gain"] = f"{100 * gain:+.1f} vs best" if measure.share else f"{gain:+.3f} vs best"
    cells[0]["tone"] = "gain" if gain * measure.better > 0 else "loss"
