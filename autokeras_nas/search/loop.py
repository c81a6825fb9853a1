"""The loop of a search: keeps an executor's slots busy until the oracle has no more."""

from __future__ import annotations

import time
from collections.abc import Callable

from keras_tuner.src.engine.trial import Trial

from autokeras_nas.search.executors import Executor
from autokeras_nas.search.spec import TrialResult

_ASK_AGAIN_SECONDS = 1.0
_IDLE_SECONDS = 0.05


def run_trials(
    executor: Executor,
    may_begin: Callable[[], bool],
    ask: Callable[[int], Trial],
    begin: Callable[[Trial, int], None],
    report: Callable[[Trial, TrialResult], None],
) -> None:
    """Runs trials until none runs and no more is to be had.

    Args:
        executor: Runs them.
        may_begin: Whether a further trial may begin.
        ask: Gives a slot its next trial; its status may be `STOPPED`, no more, or `IDLE`, none
            before another ends.
        begin: Submits a trial to a slot.
        report: Takes the result of a trial.
    """
    running: dict[int, Trial] = {}
    while True:
        stopped = False
        for slot in range(executor.slots):
            if slot in running:
                continue
            if not may_begin():
                stopped = True
                break
            trial = ask(slot)
            if trial.status == "STOPPED":
                stopped = True
                break
            if trial.status != "IDLE":
                running[slot] = trial
                begin(trial, slot)
        if running:
            # A trial that is running may fail, and be retried in a slot that was told to stop.
            for result in executor.wait(_ASK_AGAIN_SECONDS):
                slot = next(n for n, t in running.items() if t.trial_id == result.trial_id)
                report(running.pop(slot), result)
        elif stopped:
            return
        else:
            time.sleep(_IDLE_SECONDS)
