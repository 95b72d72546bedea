"""SIGINT and SIGTERM, noted: the running update ends, its state is saved, and then the signal has its usual effect."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ASKING = (signal.SIGINT, signal.SIGTERM)


class Stopper:
    """Notes the first signal that asks to stop; a second one acts as it always did.

    Attributes
    ----------
    number : the signal that came, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note signals meanwhile. Outside the main thread, where Python allows no handlers, nothing is noted."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._before = {number: signal.getsignal(number) for number in ASKING}
        try:
            self.listen()
            yield
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            self._before = {}

    def listen(self) -> None:
        """Take the signals, also from who took them meanwhile: Lightning's own handler waits for ranks that wait for this one."""
        for number in self._before:
            signal.signal(number, self._note)

    def act(self) -> None:
        """What the noted signal asked for: `KeyboardInterrupt`, or `SystemExit` with the usual status."""
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is not None:
            raise SystemExit(128 + self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, self._before[number])
