"""From paired differences to a verdict, by their interval alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from selflearn.errors import RunError
from selflearn.measures.intervals import paired_interval

Finding = Literal["holds", "does not hold", "inconclusive"]
LEVEL = 0.95


@dataclass(frozen=True)
class Decision:
    """One contrast, decided.

    Attributes
    ----------
    mean, low, high : of the differences over the seeds: Student's t interval at 95 %.
    verdict : "holds" if low > margin, "does not hold" if high < margin, else "inconclusive".
    """

    what: str
    margin: float
    differences: tuple[float, ...]
    mean: float
    low: float
    high: float
    verdict: Finding

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "differences": list(self.differences), "level": LEVEL}


def decide(what: str, margin: float, differences: Sequence[float]) -> Decision:
    """Decide one contrast from one difference a seed (at least two, finite)."""
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        raise RunError(f"{what!r} needs a finite difference from each of at least two seeds, got {list(differences)}")
    mean, low, high = (round(value, 6) for value in paired_interval(values, np.zeros_like(values), LEVEL))
    verdict: Finding = "holds" if low > margin else "does not hold" if high < margin else "inconclusive"
    return Decision(what, margin, tuple(round(float(value), 6) for value in values), mean, low, high, verdict)


def conclude(decisions: Sequence[Decision]) -> tuple[Finding, Decision]:
    """The verdict on the whole claim, and the contrast that decided it.

    A claim is the conjunction of its contrasts: it holds if each holds, and does not hold if any does not. Each is tested at the
    full level, which keeps the level of "holds" (an intersection-union test). The deciding contrast is the one whose interval
    reaches least far above its margin, in units of the interval's own half width: against several baselines, the strongest.
    """
    verdicts = {decision.verdict for decision in decisions}
    verdict: Finding = "does not hold" if "does not hold" in verdicts else "holds" if verdicts == {"holds"} else "inconclusive"
    candidates = [decision for decision in decisions if decision.verdict == verdict]
    return verdict, min(candidates, key=_clearance)


def _clearance(decision: Decision) -> float:
    half = max((decision.high - decision.low) / 2, 1e-9)
    return (decision.mean - decision.margin) / half
