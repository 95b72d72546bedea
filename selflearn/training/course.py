"""The course of a stage: where it is and what it has seen. This and the weights are what a checkpoint must hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from selflearn.training.monitors import Monitor, Reading


@dataclass
class Course:
    """How far a stage has come.

    Attributes
    ----------
    step : updates.
    micro : batches drawn; `accumulate` of them make an update.
    samples : samples seen.
    seconds : of training, resumed parts included.
    monitor : what the start showed, and the alarm.
    reading : the last look.
    """

    step: int = 0
    micro: int = 0
    samples: int = 0
    seconds: float = 0.0
    monitor: Monitor = field(default_factory=Monitor)
    reading: Reading | None = None

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "step": self.step,
            "micro": self.micro,
            "samples": self.samples,
            "seconds": self.seconds,
            "monitor": self.monitor.state_dict(),
            "reading": asdict(self.reading) if self.reading else None,
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> Course:
        """The course that `state_dict` described."""
        course = cls(**{**state, "monitor": Monitor(), "reading": Reading(**state["reading"]) if state["reading"] else None})
        course.monitor.load_state_dict(state["monitor"])
        return course
