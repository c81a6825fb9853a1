"""Ctrl+C: once ends the trial, twice the search."""

from __future__ import annotations

import signal
import threading


class Interrupts:
    """Counts Ctrl+C while in its context; the third one interrupts Python as usual.

    Outside the main thread, where Python delivers no signals, it counts nothing.
    """

    def __init__(self):
        self._in_trial = 0
        self.search_stopped = False
        self._previous = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_):
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def new_trial(self) -> None:
        """Begins to count anew."""
        self._in_trial = 0

    def reason(self) -> str | None:
        """Why the running trial should end; None: it should not."""
        return "it was interrupted" if self._in_trial else None

    def _on_signal(self, signum, frame):
        self._in_trial += 1
        if self._in_trial == 1:
            print("\nEnding this trial. Press Ctrl+C again to end the search.", flush=True)
        elif self._in_trial == 2:
            self.search_stopped = True
            print("\nEnding the search.", flush=True)
        else:
            raise KeyboardInterrupt
