from dataclasses import replace
from pathlib import Path

import keras_tuner
import numpy as np

from autokeras_nas.architecture import Proposal
from autokeras_nas.search import TrialResult, TrialSpec
from autokeras_nas.search.spec import Training, with_half_batches


def test_a_spec_asks_for_nothing_but_the_training_by_default():
    folder = Path("trial_0000")
    spec = TrialSpec(
        "0000", keras_tuner.HyperParameters(), Proposal({}), 0, folder / "checkpoint.weights.h5"
    )
    assert spec.stop() is None and spec.seconds is None
    assert spec.trainings == (Training(),)


def test_batches_are_halved_in_every_training_or_in_none():
    x = np.zeros((8, 2))
    spec = TrialSpec("0000", None, Proposal({}), 0, Path("w"), (Training((x,)), Training((x,))))
    halved = with_half_batches(spec)
    assert [training.kwargs["batch_size"] for training in halved.trainings] == [16, 16]
    smallest = Training((x,), {"batch_size": 1})
    assert with_half_batches(replace(spec, trainings=(Training((x,)), smallest))) is None


def test_results_share_nothing():
    first, second = TrialResult("0", "FAILED"), TrialResult("1", "FAILED")
    first.measures["nas/seconds"] = 1.0
    first.curve.append({})
    assert second.measures == {} and second.curve == []
