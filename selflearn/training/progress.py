"""What a stage reports while it learns, and what it leaves."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from selflearn.measures.verdict import Verdict


@dataclass(frozen=True)
class Progress:
    """What a stage reports, about twice a second.

    Attributes
    ----------
    step, samples, epoch, seconds : how far it has come; seconds of training, resumed parts included.
    share : share of the budget used, in [0, 1].
    seconds_left : estimate from the pace so far; None before there is one.
    loss, rank, deviation : total loss, effective rank and spread of the embedding at the latest look.
    lr : learning rate of the weights.
    pace : samples a second since this process began to learn.
    notes : what a person should be told of this stage.
    """

    step: int
    samples: int
    epoch: float
    seconds: float
    share: float
    seconds_left: float | None
    loss: float
    rank: float | None
    deviation: float | None
    lr: float
    pace: float
    notes: tuple[str, ...] = ()


@dataclass
class FitOutcome:
    """What a stage leaves beside the trained method.

    Attributes
    ----------
    ended : "budget" (it is used up), "paused" (at the share of it that was asked for) or "alarm".
    alarm : collapse or divergence, or None.
    step, samples, epoch, seconds : how far it came.
    loss, rank, deviation : at the last look.
    pace : samples a second of this process.
    batch, lr, device, precision : what was used in the end.
    checkpoint_failures : checkpoints that could not be written.
    notes : what was chosen, lowered or lost.
    """

    ended: Literal["budget", "paused", "alarm"]
    alarm: Verdict | None
    step: int
    samples: int
    epoch: float
    seconds: float
    loss: float | None
    rank: float | None
    deviation: float | None
    pace: float
    batch: int
    lr: float
    device: str
    precision: str
    checkpoint_failures: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a run's summary: None for what is not a number, as the loss of a run that diverged."""
        lost = {name for name, value in vars(self).items() if isinstance(value, float) and not math.isfinite(value)}
        return {name: None if name in lost else value for name, value in asdict(self).items()}
