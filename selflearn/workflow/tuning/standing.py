"""How a candidate stood at a rung: what a worker reports, and its folder keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """How a candidate stood at a rung.

    Attributes
    ----------
    scores : label-free, by name; none where an alarm rang.
    alarm : the verdict of collapse or divergence as plain values, or None.
    steps, samples, seconds : of its training so far.
    scoring : seconds that scoring took.
    """

    scores: dict[str, float]
    alarm: dict[str, str] | None
    steps: int
    samples: int
    seconds: float
    scoring: float
