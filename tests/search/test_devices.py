"""Devices: workers share out GPUs, or else the cores."""

import os
import sys

import cloudpickle
import keras
import keras_tuner
import pytest

from autokeras_nas.architecture import Proposal
from autokeras_nas.search import process
from autokeras_nas.search.devices import environment_of, visible_gpus
from autokeras_nas.search.spec import TrialSpec
from autokeras_nas.search.worker import Setup

# This module cannot be imported by its name in a child.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def test_each_worker_has_one_gpu_in_turn():
    seen = [environment_of(k, 4, ["3", "GPU-abc"], 8)["CUDA_VISIBLE_DEVICES"] for k in range(4)]
    assert seen == ["3", "GPU-abc", "3", "GPU-abc"]
    assert environment_of(0, 1, ["0"], 8)["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_without_a_gpu_workers_share_out_the_cores():
    assert environment_of(1, 3, [], 8)["OMP_NUM_THREADS"] == "2"
    assert environment_of(1, 16, [], 8)["TF_NUM_INTRAOP_THREADS"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(0, 1, [], 8)


class Devices:
    """So many logical GPUs."""

    def __init__(self, count):
        self._count = count

    def __call__(self, kind):
        assert kind == "GPU"
        return [object()] * self._count


def test_gpus_are_those_that_this_process_sees(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", Devices(2))
    assert visible_gpus({}) == ["0", "1"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "5, 7"}) == ["5", "7"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "5,7,9"}) == ["5", "7"]
    monkeypatch.setattr(tf.config, "list_physical_devices", Devices(0))
    assert visible_gpus({}) == visible_gpus({"CUDA_VISIBLE_DEVICES": ""}) == []


class Sight(keras_tuner.HyperModel):
    """Its score is the number of the GPU that the process may see."""

    def build(self, hp):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    def fit(self, hp, model, *args, **kwargs):
        assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
        return float(os.environ["CUDA_VISIBLE_DEVICES"])


@pytest.mark.slow
def test_trials_of_two_workers_see_a_gpu_each(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "visible_gpus", lambda: ["4", "7"])
    setup = Setup(Sight(), keras_tuner.Objective("gpu", "max"), None)
    executor = process.Process(setup, tmp_path, slots=2)
    try:
        for slot in range(2):
            checkpoint = tmp_path / f"{slot}.weights.h5"
            hp = keras_tuner.HyperParameters()
            executor.submit(TrialSpec(str(slot), hp, Proposal({}), 0, checkpoint), slot)
        results = []
        while len(results) < 2:
            results += executor.wait()
    finally:
        executor.close()
    assert {r.trial_id: r.curve for r in results} == {"0": [{"gpu": 4.0}], "1": [{"gpu": 7.0}]}
