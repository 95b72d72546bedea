"""A number that moves with the budget: a teacher's temperature that warms up, say."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Ramp(nn.Module):
    """Linear from `start` to `end` over a `share` of the budget, constant before and after it.

    Ranks replicate: progress is common.

    Parameters
    ----------
    start, end : the first and the last value.
    share : part of the budget over which it moves, in [0, 1]; 0 is a step.
    after : where it begins to move, in [0, 1].
    """

    value: Tensor

    def __init__(self, start: float, end: float, share: float, after: float = 0.0) -> None:
        super().__init__()
        self.start, self.end, self.share, self.after = start, end, share, after
        self.register_buffer("value", torch.tensor(self._at(0.0)))

    def follow(self, progress: float) -> None:
        """Tell how much of the budget is used, in [0, 1]."""
        self.value.fill_(self._at(progress))

    def _at(self, progress: float) -> float:
        moved = progress - self.after
        done = min(max(moved / self.share, 0.0), 1.0) if self.share > 0 else float(moved >= 0)
        return self.start + (self.end - self.start) * done
