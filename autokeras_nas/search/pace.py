"""Pace: how fast this machine trains, and which networks it can train in a trial's time."""

from __future__ import annotations

from collections.abc import Callable

from autokeras_nas.architecture import Values
from autokeras_nas.costs import Costs
from autokeras_nas.search.forecast import Forecast

_LEAST_EPOCHS = 5
_MOST_REFUSED = 50


class Pace:
    """Refuses networks that a trial's time would leave all but untrained.

    The work of a training is its network's FLOPs times its epochs; the fastest trial so far
    says how much of it fits into a second. Before the first trial has ended, and where trials
    have no time of their own, nothing is refused. For every fifty that are refused in a row,
    half of the epochs will do: a slow machine must not end the search.

    Args:
        costs: What an architecture costs.

    Attributes:
        least_epochs: What the network that was last let through must come to.
        seconds: The time of a trial; None: no limit.
        work_per_second: FLOPs of one example times epochs.
    """

    def __init__(self, costs: Callable[[Values], Costs | None]):
        self._costs = costs
        self._forecast = Forecast()
        self._asked: float = _LEAST_EPOCHS
        self.least_epochs: float = _LEAST_EPOCHS
        self.seconds: float | None = None
        self.work_per_second = 0.0
        self._refused = 0

    def cap_epochs(self, epochs: float) -> None:
        """Asks for no more epochs than trials have."""
        self._asked = self.least_epochs = min(_LEAST_EPOCHS, epochs)

    def note(self, flops: float, epochs: float, seconds: float) -> None:
        """Takes note of a trial: its network's FLOPs of one example, its epochs, its time."""
        if seconds > 0:
            self.work_per_second = max(self.work_per_second, flops * epochs / seconds)

    def check(self, values: Values) -> str | None:
        """Why a network cannot be trained in time; None: it can, or nobody knows yet."""
        if self.seconds is None or not self.work_per_second:
            return None
        least = self._asked / 2 ** (self._refused // _MOST_REFUSED)
        reason = self._reason(values, self.work_per_second * self.seconds, least)
        if reason is None:
            self._refused, self.least_epochs = 0, least
        else:
            self._refused += 1
        return reason

    def _reason(self, values: Values, work: float, least: float) -> str | None:
        if self._forecast.exceeds(values, work / least):
            return f"It is likely to be too large for the {self.seconds:.0f} s of a trial."
        costs = self._costs(values)
        if costs is None or not costs.flops:
            return None
        self._forecast.note(values, costs.flops)
        epochs = work / costs.flops
        if epochs >= least:
            return None
        return f"It would come to {epochs:.1f} epochs in the {self.seconds:.0f} s of a trial."
