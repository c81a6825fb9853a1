from __future__ import annotations

from pathlib import Path

import keras_tuner

from autokeras_nas.architecture import Proposal
from autokeras_nas.search import Inline, TrialResult, TrialSpec


class Recorder:
    def __init__(self):
        self.ran = []

    def run(self, spec):
        self.ran.append(spec.trial_id)
        return TrialResult(spec.trial_id, "COMPLETED")


def spec(trial_id):
    return TrialSpec(trial_id, keras_tuner.HyperParameters(), Proposal({}), 0, Path("w"))


def test_a_trial_runs_when_waited_for():
    runner = Recorder()
    executor = Inline(runner)
    executor.submit(spec("0"), 0)
    assert runner.ran == []
    assert [result.trial_id for result in executor.wait()] == ["0"]
    assert executor.wait() == []


def test_a_cancelled_trial_does_not_run():
    runner = Recorder()
    executor = Inline(runner)
    executor.submit(spec("0"), 0)
    executor.submit(spec("1"), 0)
    executor.cancel("0")
    assert [result.trial_id for result in executor.wait()] == ["1"]
    assert runner.ran == ["1"]
