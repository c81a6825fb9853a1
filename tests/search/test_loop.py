"""The loop: slots are kept busy, results are reported to the right trial."""

from dataclasses import dataclass

import pytest

from autokeras_nas.search.loop import run_trials
from autokeras_nas.search.spec import TrialResult


@dataclass
class Trial:
    trial_id: str
    status: str = "RUNNING"


class Newest:
    """An executor that ends the trial submitted last first."""

    def __init__(self, slots):
        self.slots, self.submitted, self.most = slots, [], 0

    def submit(self, trial, slot):
        self.submitted.append(trial)
        self.most = max(self.most, len(self.submitted))

    def wait(self, timeout=None):
        return [TrialResult(self.submitted.pop().trial_id, "COMPLETED")]


def run(slots, trials, **hooks):
    """What was reported, and the executor."""
    executor, reported = Newest(slots), []

    def ask(slot):
        return Trial(trials.pop(0)) if trials else Trial("", "STOPPED")

    hooks = {
        "may_begin": lambda: True,
        "ask": ask,
        "begin": executor.submit,
        "report": lambda trial, result: reported.append((trial.trial_id, result.trial_id)),
        **hooks,
    }
    run_trials(executor, **hooks)
    return reported, executor


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_every_trial_is_reported_once(slots):
    reported, executor = run(slots, list("abcdefg"))
    assert sorted(reported) == [(name, name) for name in "abcdefg"]
    assert executor.most == min(slots, 7)


def test_an_idle_slot_waits_for_the_others():
    answers = [Trial("a"), Trial("", "IDLE"), Trial("b"), Trial("", "STOPPED")]
    reported, _ = run(2, [], ask=lambda slot: answers.pop(0) if answers else stopped())
    assert [one for one, _ in reported] == ["a", "b"]


def stopped():
    return Trial("", "STOPPED")


def test_a_trial_that_is_handed_out_again_is_run_although_a_slot_was_stopped():
    answers = [Trial("a"), Trial("", "STOPPED"), Trial("a"), Trial("", "STOPPED")]
    reported, _ = run(2, [], ask=lambda slot: answers.pop(0) if answers else stopped())
    assert [one for one, _ in reported] == ["a", "a"]


def test_no_trial_begins_any_more_but_those_that_run_end():
    allowed = [True, True, False]
    reported, _ = run(2, list("abcdefg"), may_begin=lambda: allowed.pop(0) if allowed else False)
    assert sorted(one for one, _ in reported) == ["a", "b"]
