"""The scorecard: rows of (features, measure, value, low, high, n), so that no number stands without its baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from selflearn.errors import RunError
from selflearn.measures.intervals import Values, interval, paired_interval

FEATURES = ("encoder", "raw", "pca", "untrained")
LIMIT = ("exact",)  # what nobody can be above on average: shown beside the others, and no baseline


@dataclass(frozen=True)
class Row:
    """One measure of one set of features.

    Attributes
    ----------
    features : "encoder"; the baseline "raw", "pca" or "untrained", or another's name; "exact" for what cannot be surpassed.
    measure : e.g. "knn", "linear", "1 label a class", "rankme".
    value, low, high : mean and 95 % interval; accuracies in [0, 1]. With n = 1 there is no interval: low = high = value. The
        interval of a few-label measure has both its parts: of the draws of labels, and of the test samples that draws share.
    n : how many repetitions (folds, draws, seeds, parts of the test part) the interval rests on.
    """

    features: str
    measure: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Lead:
    """The encoder beside its baselines in one measure.

    Attributes
    ----------
    baseline : the strongest.
    gain : how far the encoder's value lies above that one's.
    clear : 1 if the intervals of the paired differences from all baselines lie above zero; -1 if that from the strongest lies
        below; else 0.
    """

    baseline: str
    gain: float
    clear: int


@dataclass
class Scorecard:
    """Every measure, beside the baselines.

    Attributes
    ----------
    rows : the numbers.
    notes : what was left out, drawn as a subset, or chosen, and why.
    repeats : measure -> features -> the repetitions behind a row; in one measure all features share folds, draws and seeds,
        so differences are paired.
    by_sample : beside the draws of a few-label measure, its accuracy by fold or bundle of test samples, averaged over draws.
    """

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repeats: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    by_sample: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, features: str, measure: str, values: Values, by_sample: Values | None = None) -> None:
        """Append a row with the mean and t interval of repetitions."""
        kept = [float(value) for value in values]
        mean, low, high = interval(kept)
        if len(kept) == 1:
            low = high = mean
        elif by_sample is not None and len(by_sample) > 1:
            low, high = _wider(mean, (low, high), interval(by_sample)[1:])
        self.rows.append(Row(features, measure, mean, low, high, len(kept)))
        self.repeats.setdefault(measure, {})[features] = kept
        if by_sample is not None:
            self.by_sample.setdefault(measure, {})[features] = [float(value) for value in by_sample]

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def find(self, features: str, measure: str) -> Row | None:
        """The row, or None if this was not measured."""
        return next((row for row in self.rows if row.features == features and row.measure == measure), None)

    def value(self, features: str, measure: str) -> float:
        """The mean of a measure; KeyError with what there is if it was not measured."""
        row = self.find(features, measure)
        if row is None:
            raise KeyError(f"no {measure!r} of {features!r} was measured; measured: {', '.join(self.measures()) or 'nothing'}")
        return row.value

    def names(self) -> list[str]:
        """Whose rows there are: the usual ones first, others as they came."""
        found = dict.fromkeys(row.features for row in self.rows)
        return [*(name for name in FEATURES if name in found), *(name for name in found if name not in FEATURES)]

    def measures(self) -> list[str]:
        """The measures, in the order they were taken."""
        return list(dict.fromkeys(row.measure for row in self.rows))

    def margin(self, first: str, second: str, measure: str) -> float:
        """How far one set of features lies above another: `value(first) - value(second)`."""
        return self.value(first, measure) - self.value(second, measure)

    def difference(self, first: str, second: str, measure: str, level: float = 0.95) -> tuple[float, float, float]:
        """Mean and interval of the paired difference `first - second`: (mean, low, high); infinitely wide if n < 3.

        Few-label measures vary with the draw of labels and with the test samples, which draws share: the half-widths of the two
        intervals are added in quadrature.
        """
        self.value(first, measure), self.value(second, measure)
        repeats, samples = self.repeats[measure], self.by_sample.get(measure, {})
        mean, low, high = paired_interval(repeats[first], repeats[second], level)
        if len(repeats[first]) < 3:  # two repetitions that happen to agree would make an interval of no width
            return mean, -math.inf, math.inf
        if first in samples and second in samples:
            low, high = _wider(mean, (low, high), paired_interval(samples[first], samples[second], level)[1:])
        return mean, low, high

    def lead(self, measure: str, level: float = 0.95) -> Lead | None:
        """How the encoder compares with its baselines in a measure where more is better; None if either was not measured."""
        own = self.find("encoder", measure)
        others = [
            row
            for row in self.rows
            if row.measure == measure and row.features not in {"encoder", *LIMIT} and math.isfinite(row.value)
        ]
        if own is None or not others or not math.isfinite(own.value):
            return None
        best = max(others, key=lambda row: row.value)
        gain, clear = own.value - best.value, 0
        if all(len(self.repeats[measure][row.features]) == len(self.repeats[measure]["encoder"]) for row in others):
            above = all(self.difference("encoder", row.features, measure, level)[1] > 0 for row in others)
            clear = 1 if above else -1 if self.difference("encoder", best.features, measure, level)[2] < 0 else 0
        return Lead(best.features, gain, clear)

    def to_json(self) -> dict[str, Any]:
        """What `scorecard.json` holds, ready to be dumped: rows, notes and repeats. NaN does not occur."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "notes": self.notes,
            "repeats": self.repeats,
            "by_sample": self.by_sample,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Scorecard:
        """Read what `to_json` gave; `RunError` if it is not that."""
        try:
            rows = [Row(**row) for row in content["rows"]]
            return cls(rows, [str(note) for note in content["notes"]], dict(content["repeats"]), dict(content["by_sample"]))
        except (KeyError, TypeError) as error:
            raise RunError(f"this is not a scorecard: {error!r}; evaluate the run again") from error

    def table(self) -> str:
        """The scorecard as plain text: a line a measure, a column a set of features, each with half its interval's width."""
        names = self.names()
        lines = [["measure", *names]]
        for measure in self.measures():
            lines.append([measure, *(_cell(self.find(name, measure)) for name in names)])
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([*text, *(f"note: {note}" for note in self.notes)])


def _wider(mean: float, one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """An interval around the mean whose half width is that of two others, added in quadrature."""
    half = math.hypot((one[1] - one[0]) / 2, (other[1] - other[0]) / 2)
    return mean - half, mean + half


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    digits = 3 if abs(row.value) < 10 else 1
    half = (row.high - row.low) / 2
    return f"{row.value:.{digits}f}" + (f" ± {half:.{digits}f}" if row.n > 1 and math.isfinite(half) else "")
