"""Progress of a search: one line a trial."""

from __future__ import annotations

import re
import time

from rich.console import Console

from autokeras_nas.errors import headline

_WIDTH = 100


class ProgressLines:
    """Prints a line for each trial that ends.

    Args:
        seconds: The time budget of the search; None: without one.
        console: Where to print; None: standard output, plain where it is no terminal.
    """

    def __init__(self, seconds: float | None = None, console: Console | None = None):
        self.console = console or Console(width=_WIDTH, highlight=False)
        self.seconds = seconds
        self._began = time.monotonic()

    def __call__(self, trial, oracle) -> None:
        """Prints the line of a trial that `oracle` has just ended."""
        self.console.print(self.line(trial, oracle), markup=False, soft_wrap=True)

    def line(self, trial, oracle) -> str:
        """The line: trial, score, the best so far, size, epochs, seconds, time left."""
        name = oracle.objective.name
        if trial.status == "COMPLETED":
            parts = [f"{name} {trial.score:.4f}"]
        else:
            reason = headline(trial.message) or "no reason given"
            parts = [f"{trial.status.lower()}: {reason}"]
        best = [t for t in oracle.get_best_trials(1) if t.status == "COMPLETED"]
        if best:
            parts.append(f"best {best[0].score:.4f}")
        for metric, text in (
            ("nas/parameters", "{:,.0f} parameters"),
            ("nas/epochs", "{:.0f} epochs"),
            ("nas/saved", "stopped early, {:.0%} saved"),
            ("nas/seconds", "{:.0f} s"),
        ):
            if trial.metrics.exists(metric):
                count = text.format(trial.metrics.get_last_value(metric))
                parts.append(re.sub(r"^1 (\w+)s$", r"1 \1", count))
        if self.seconds is not None:
            left = max(0.0, self.seconds - (time.monotonic() - self._began))
            parts.append(f"{left:.0f} s left")
        return f"trial {trial.trial_id}  " + "  ".join(parts)
