"""FinishedTrial: a frozen record of what ended."""

import dataclasses
import math

import pytest

from autokeras_nas.architecture import Proposal
from autokeras_nas.oracles import FinishedTrial


def test_completed_trial_shows_its_architecture():
    trial = FinishedTrial("0003", Proposal({"units": 8}, repeat=1), "COMPLETED", 0.5, 0.5)
    assert trial.values == {"units": 8}
    assert trial.completed


def test_failed_trial_has_the_least_reward():
    trial = FinishedTrial("0003", Proposal({"units": 8}), "FAILED", None, -math.inf)
    assert not trial.completed
    assert trial.reward < -1e300


def test_finished_trial_never_changes():
    trial = FinishedTrial("0003", Proposal({}), "COMPLETED", 0.5, 0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        trial.score = 1.0
