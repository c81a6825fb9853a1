from pathlib import Path

import keras_tuner

from autokeras_nas.architecture import Proposal
from autokeras_nas.search import TrialResult, TrialSpec


def test_a_spec_asks_for_nothing_but_the_training_by_default():
    folder = Path("trial_0000")
    spec = TrialSpec(
        "0000", keras_tuner.HyperParameters(), Proposal({}), 0, folder / "checkpoint.weights.h5"
    )
    assert spec.stop() is None and spec.seconds is None
    assert spec.build_config.parent == spec.checkpoint.parent


def test_results_share_nothing():
    first, second = TrialResult("0", "FAILED"), TrialResult("1", "FAILED")
    first.measures["nas/seconds"] = 1.0
    first.curve.append({})
    assert second.measures == {} and second.curve == []
