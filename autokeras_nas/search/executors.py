"""Executors: where trials run."""

from __future__ import annotations

from typing import Protocol

from autokeras_nas.search.runner import TrialRunner
from autokeras_nas.search.spec import TrialResult, TrialSpec


class Executor(Protocol):
    """Runs trials in slots; a trial's failure comes back as a result, never as an error."""

    slots: int

    def submit(self, spec: TrialSpec, slot: int) -> None: ...

    def wait(self, timeout: float | None = None) -> list[TrialResult]: ...

    def cancel(self, trial_id: str) -> None: ...

    def close(self) -> None: ...


class Inline:
    """One slot, in this process: a trial runs while `wait` is called.

    Args:
        runner: Runs the trials.
    """

    slots = 1

    def __init__(self, runner: TrialRunner):
        self._runner = runner
        self._submitted: list[TrialSpec] = []

    def submit(self, spec: TrialSpec, slot: int) -> None:
        """Takes a trial to be run at the next `wait`."""
        self._submitted.append(spec)

    def wait(self, timeout: float | None = None) -> list[TrialResult]:
        """Runs what was submitted; `timeout` is not heeded, since nothing runs beside it."""
        specs, self._submitted = self._submitted, []
        return [self._runner.run(spec) for spec in specs]

    def cancel(self, trial_id: str) -> None:
        """Forgets a trial that has not begun."""
        self._submitted = [spec for spec in self._submitted if spec.trial_id != trial_id]

    def close(self) -> None:
        """Nothing is left behind."""
