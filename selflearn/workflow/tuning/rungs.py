"""The arithmetic of successive halving: how many climb to which share of the whole course, and what one course may cost.

All candidates follow the course that the last one will have finished: the same schedule, the same budget, paused at each rung. So
nothing is trained twice, and what comes out is what `learn` would have made of the same settings.

Source: Jamieson and Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter Optimization, 2016 (successive halving).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from selflearn.errors import BudgetError
from selflearn.training import Budget

LEAST_UPDATES = 20  # of the first rung: two looks of the monitors, and more than warm-up noise
LEAST_SECONDS = 1.0  # the same, where the clock decides and nobody knows what an update costs


@dataclass(frozen=True)
class Rung:
    """One step of the ladder.

    Attributes
    ----------
    climbers : candidates that are trained up to it.
    share : of the whole course, where they pause and are scored.
    """

    climbers: int
    share: float


def rungs(candidates: int, keep: float = 0.5) -> list[Rung]:
    """The ladder for so many candidates: each rung keeps the share `keep` of them, and its survivors go 1 / `keep` times as far.

    Examples
    --------
    >>> [(rung.climbers, rung.share) for rung in rungs(8)]
    [(8, 0.125), (4, 0.25), (2, 0.5), (1, 1.0)]
    """
    counts = [candidates]
    while counts[-1] > 1:
        counts.append(min(counts[-1] - 1, math.ceil(counts[-1] * keep)))
    return [Rung(count, keep ** (len(counts) - 1 - number)) for number, count in enumerate(counts)]


def cost(ladder: list[Rung]) -> float:
    """What the whole ladder costs, in courses."""
    before = [0.0, *(rung.share for rung in ladder)]
    return sum(rung.climbers * (rung.share - start) for rung, start in zip(ladder, before, strict=False))


def course_of(budget: Budget, ladder: list[Rung], batch: int, samples: int) -> Budget:
    """The budget of one whole course, so that the ladder takes the budget that was given.

    Parameters
    ----------
    batch : the largest of any candidate: it decides what the least is in samples and epochs.
    samples : that are learned from.

    Raises
    ------
    BudgetError : the first rung would be too short to tell candidates apart; says the least budget that is not.
    """
    amount = budget.amount / cost(ladder)
    if budget.unit in {"steps", "samples"}:
        amount = math.floor(amount)
    if budget.unit == "seconds":
        amount = round(amount, 1)
    least = {
        "seconds": LEAST_SECONDS,
        "steps": LEAST_UPDATES,
        "samples": LEAST_UPDATES * batch,
        "epochs": LEAST_UPDATES * batch / samples,
    }[budget.unit]
    if amount * ladder[0].share < least:
        whole = math.ceil(least / ladder[0].share) * cost(ladder)
        asked = Budget(math.ceil(whole), budget.unit)
        fewer = f", or try fewer: --candidates {ladder[0].climbers // 2}" if ladder[0].climbers > 3 else ""
        raise BudgetError(
            f"a budget of {budget} is too small to tell {ladder[0].climbers} candidates apart; the least is {asked}. "
            f"Give that{fewer}"
        )
    return Budget(amount, budget.unit)
