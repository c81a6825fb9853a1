"""Ctrl+C: once ends the trial, twice the search, as SIGTERM does at once."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """Counts Ctrl+C while in its context; the third one interrupts Python as usual.

    Outside the main thread, where Python delivers no signals, it counts nothing.
    """

    def __init__(self):
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
