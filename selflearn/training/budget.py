"""A budget: when a stage of learning ends. It is an amount and a unit, written as people write it: 90s, 10min, 20epochs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from selflearn.errors import BudgetError

Unit = Literal["seconds", "epochs", "steps", "samples"]

EXAMPLES = "90s, 10min, 2h, 20epochs, 300steps, 1e6samples"
_WRITTEN = re.compile(r"\s*([+-]?[\d_]*\.?\d+(?:e[+-]?\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_UNITS: dict[str, tuple[float, Unit]] = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), (1.0, "seconds")),
    **dict.fromkeys(("m", "min", "minute", "minutes"), (60.0, "seconds")),
    **dict.fromkeys(("h", "hour", "hours"), (3600.0, "seconds")),
    **dict.fromkeys(("epoch", "epochs"), (1.0, "epochs")),
    **dict.fromkeys(("step", "steps"), (1.0, "steps")),
    **dict.fromkeys(("sample", "samples"), (1.0, "samples")),
}


@dataclass(frozen=True)
class Budget:
    """How long a stage learns.

    Parameters
    ----------
    amount : > 0, finite.
    unit : "seconds" of training time, "epochs", optimiser "steps" or "samples" seen.

    Examples
    --------
    >>> Budget.parse("10min")
    Budget(amount=600.0, unit='seconds')
    >>> str(Budget.parse("600s")), Budget.parse("300steps").progress(step=75)
    ('10min', 0.25)
    """

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise BudgetError(f"a budget is in {', '.join(get_args(Unit))}, not {self.unit!r}; for example {EXAMPLES}")
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise BudgetError(f"a budget must be above zero, not {self.amount:g} {self.unit}; for example {EXAMPLES}")

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read a budget as people write it.

        Raises
        ------
        BudgetError : it cannot be understood, or is not above zero; shows what can be written.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None or match[2].lower() not in _UNITS:
            raise BudgetError(f"{text!r} is not a budget; write a number and a unit, for example {EXAMPLES}")
        scale, unit = _UNITS[match[2].lower()]
        return cls(float(match[1].replace("_", "")) * scale, unit)

    def progress(self, *, step: int = 0, samples: int = 0, epochs: float = 0.0, seconds: float = 0.0) -> float:
        """The share of the budget that is used, in [0, 1]."""
        used = {"steps": step, "samples": samples, "epochs": epochs, "seconds": seconds}[self.unit]
        return min(max(used / self.amount, 0.0), 1.0)

    def __str__(self) -> str:
        if self.unit != "seconds":
            return f"{_number(self.amount)}{self.unit}"
        for scale, name in ((3600, "h"), (60, "min")):
            if self.amount % scale == 0:
                return f"{_number(self.amount / scale)}{name}"
        return f"{_number(self.amount)}s"


def parse_budget(budget: str | Budget) -> Budget:
    """A budget from its text, or the budget itself."""
    return budget if isinstance(budget, Budget) else Budget.parse(budget)


def _number(amount: float) -> str:
    return str(int(amount)) if amount == int(amount) and amount < 1e15 else repr(amount)
