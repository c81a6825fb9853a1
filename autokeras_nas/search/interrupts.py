"""Ctrl+C: once ends the trial, twice the search, as SIGTERM does at once."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

_TOGETHER = 2.0
"""Seconds within which two presses belong together, though a trial may have ended between."""


class Interrupts:
    """Counts Ctrl+C while in its context; the third one interrupts Python as usual.

    Outside the main thread, where Python delivers no signals, it counts nothing.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._pressed = -math.inf
        self._in_trial = 0
        self.search_stopped = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number, handler in (
                (signal.SIGINT, self._on_interrupt),
                (signal.SIGTERM, self._on_termination),
            ):
                self._previous[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def new_trial(self) -> None:
        """Begins to count anew."""
        self._in_trial = 2 if self.search_stopped else 0

    def reason(self) -> str | None:
        """Why the running trial should end; None: it should not."""
        return "it was interrupted" if self._in_trial else None

    def _on_interrupt(self, signum, frame):
        now = self._clock()
        if self._in_trial == 0 and now - self._pressed < _TOGETHER:
            self._in_trial = 1
        self._pressed = now
        self._in_trial += 1
        if self._in_trial == 1:
            print("\nEnding this trial. Press Ctrl+C again to end the search.", flush=True)
        elif self._in_trial == 2:
            self.search_stopped = True
            print("\nEnding the search.", flush=True)
        else:
            raise KeyboardInterrupt

    def _on_termination(self, signum, frame):
        if self.search_stopped:
            raise SystemExit(128 + signum)
        self._in_trial, self.search_stopped = 2, True
        print("\nTerminated: ending the search.", flush=True)
