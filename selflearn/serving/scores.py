"""The scorecard as a person reads it: each measure's name, meaning, unit and direction, and the words of the verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selflearn.evaluation.scorecard import Row, Scorecard
from selflearn.serving.charts import intervals

BASELINES = ("raw", "pca", "untrained")
FEATURES = {"encoder": "Encoder", "raw": "Raw input", "pca": "PCA", "untrained": "Untrained"}
STYLES = {"encoder": "of-encoder", "raw": "of-raw", "pca": "of-pca", "untrained": "of-untrained"}
LABELLED, UNLABELLED = "With labels", "Without labels"
VERDICTS = {
    "learned": ("It learned.", "good"),
    "did not learn": ("It did not learn.", "warn"),
    "collapsed": ("It collapsed.", "bad"),
    "diverged": ("It diverged.", "bad"),
}


@dataclass(frozen=True)
class Measure:
    """How a measure is shown.

    Attributes
    ----------
    title, meaning : in plain words.
    share : True for shares of 1, shown as per cent.
    better : True where more is better; else nothing is said of gain and loss, because the measure alone can mislead.
    family : with or without labels.
    """

    title: str
    meaning: str
    share: bool
    better: bool
    family: str

    def digits(self, value: float) -> int:
        """Decimal places of this measure."""
        return 1 if self.share or abs(value) >= 10 else 3


MEASURES = {
    "knn": Measure("Nearest neighbours", "held-out samples whose neighbours vote for the right class", True, True, LABELLED),
    "linear": Measure("Linear probe", "held-out samples a linear classifier gets right, given all labels", True, True, LABELLED),
    "nmi": Measure("Clusters, NMI", "agreement of k-means clusters with the classes; 1 is perfect", False, True, LABELLED),
    "ari": Measure("Clusters, ARI", "agreement beyond chance, pair by pair; 1 is perfect", False, True, LABELLED),
    "self retrieval": Measure("Self retrieval", "a view of a sample finds its own sample among all", True, True, UNLABELLED),
    "accuracy": Measure("Accuracy", "hidden targets of held-out tasks that are told right", True, True, LABELLED),
    "log likelihood": Measure("Log likelihood", "of hidden targets of held-out tasks, in nats", False, True, LABELLED),
    "rankme": Measure(
        "Effective rank", "RankMe: directions the embedding really uses; near 1 means collapse", False, False, UNLABELLED
    ),
    "spectrum decay": Measure(
        "Spectrum decay", "how fast directions fade; near 1 goes with features that generalise", False, False, UNLABELLED
    ),
    "alignment": Measure(
        "Alignment", "distance between two views of a sample; small is good, but 0 is collapse", False, False, UNLABELLED
    ),
    "uniformity": Measure(
        "Uniformity", "how evenly samples spread over the sphere; more negative is more even", False, False, UNLABELLED
    ),
}
HEADLINES = ("accuracy", "knn", "4 labels a class", "1 label a class", "16 labels a class", "linear", "self retrieval")


def describe(measure: str) -> Measure:
    """How to show a measure; one that is not known is shown under its own name, and nothing is said of its direction."""
    if measure in MEASURES:
        return MEASURES[measure]
    if re.fullmatch(r"\d+ labels? a class|[\d.]+ %", measure):
        amount = measure if measure.endswith("class") else f"{measure} of the labels"
        return Measure(amount[0].upper() + amount[1:], "a logistic probe that sees no other labels", True, True, LABELLED)
    return Measure(measure, "", False, False, UNLABELLED)


def verdict(given: Mapping[str, str]) -> dict[str, Any]:
    """The verdict's headline and tone, and its reason cut into sentences, one for each measure."""
    headline, tone = VERDICTS.get(given["kind"], (f"{given['kind']}.".capitalize(), "warn"))
    reason = re.sub(r"(?<=\))\.\s+(?=[A-Z0-9])", ".\n", given.get("reason", "")).splitlines()
    return {"headline": headline, "tone": tone, "reason": reason, "remedy": given.get("remedy", "")}


def write(value: float, measure: Measure) -> str:
    """A value in the measure's unit: "93.4 %", "0.812", "41.3"."""
    if not math.isfinite(value):
        return "–"
    if measure.share:
        return f"{100 * value:.1f} %"
    return f"{value:,.{measure.digits(value)}f}"


def headlines(card: Scorecard, most: int = 2) -> list[dict[str, Any]]:
    """What a reader asks for first, as bars from zero: nearest neighbours and few labels; without labels self retrieval."""
    blocks: list[dict[str, Any]] = []
    for name in HEADLINES:
        found = {row.features: row.value for row in card.rows if row.measure == name}
        if "encoder" not in found or len(blocks) == most:
            continue
        measure = describe(name)
        bars = [
            {
                "features": key,
                "name": title,
                "text": write(found[key], measure),
                "percent": round(100 * min(max(found[key], 0), 1), 2),
            }
            for key, title in FEATURES.items()
            if key in found and math.isfinite(found[key])
        ]
        blocks.append({"title": measure.title, "meaning": measure.meaning, "bars": bars})
    return blocks


def table(card: Scorecard) -> dict[str, Any] | None:
    """Columns and families of rows of the scorecard's table; None without rows."""
    if not card.rows:
        return None
    columns = {key: FEATURES.get(key, key.capitalize()) for key in card.names()}
    families: dict[str, list[dict[str, Any]]] = {LABELLED: [], UNLABELLED: []}
    for name in card.measures():
        measure = describe(name)
        across = {key: card.find(key, name) for key in columns}
        cells = [_cell(key, columns[key], row, measure) for key, row in across.items()]
        lead = card.lead(name) if measure.better else None
        if lead is not None:
            cells[0]["gain"] = f"{100 * lead.gain:+.1f} points" if measure.share else f"{lead.gain:+.3f}"
            cells[0]["tone"] = {1: "gain", 0: "", -1: "loss"}[lead.clear]
        picture = intervals([(STYLES.get(key, "of-pca"), *_bounds(row)) for key, row in across.items()])
        families[measure.family].append({"title": measure.title, "meaning": measure.meaning, "cells": cells, "picture": picture})
    return {
        "columns": [{"key": key, "name": name} for key, name in columns.items()],
        "families": [{"name": name, "rows": kept} for name, kept in families.items() if kept],
    }


def _bounds(row: Row | None) -> tuple[float, float, float]:
    return (math.nan, math.nan, math.nan) if row is None else (row.value, row.low, row.high)


def _cell(features: str, name: str, row: Row | None, measure: Measure) -> dict[str, str]:
    value, low, high = _bounds(row)
    half = (high - low) / 2
    spread = f"± {half * (100 if measure.share else 1):.{measure.digits(value)}f}" if math.isfinite(half) and half > 0 else ""
    return {"features": features, "name": name, "text": write(value, measure), "spread": spread, "gain": "", "tone": ""}
