"""The Process executor: what happens in a child costs one trial at most."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cloudpickle
import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors

import autokeras_nas as nas
from autokeras_nas.architecture import Proposal
from autokeras_nas.search.process import Process
from autokeras_nas.search.spec import Training, TrialSpec
from autokeras_nas.search.worker import Setup

OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")


class Deed(keras_tuner.HyperModel):
    """Does what a trial's value `do` says, in place of training."""

    def build(self, hp):
        hp.Choice("do", ["well", "segfault", "hang", "die", "nothing", "pid", "grow", "wrong"])
        if hp.get("do") == "grow":
            hp.Int("late", 3, 9)
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    def fit(self, hp, model, *args, callbacks=(), **kwargs):
        do = hp.get("do")
        if do == "segfault":
            ctypes.string_at(0)
        if do == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "nothing":
            os._exit(7)
        if do == "hang":
            for callback in callbacks:
                callback.set_model(model)
            for _ in range(600):
                time.sleep(0.1)
                for callback in callbacks:
                    callback.on_train_batch_end(0, {})
                if getattr(model, "stop_training", False):
                    return 0.25
        if do == "wrong":
            return "good"
        return float(os.getpid()) if do == "pid" else 0.5


# This module cannot be imported by its name elsewhere.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def spec(tmp_path, do, name="0000", **kwargs):
    hp = keras_tuner.HyperParameters()
    hp.values["do"] = do
    checkpoint = tmp_path / name / "checkpoint.weights.h5"
    training = (Training((X, Y), {}),)
    return TrialSpec(name, hp, Proposal({"do": do}), 1, checkpoint, training, **kwargs)


@pytest.fixture
def executor(tmp_path):
    process = Process(Setup(Deed(), OBJECTIVE, None), tmp_path / "workers", trial_timeout=20)
    yield process
    process.close()


def run(executor, *specs):
    """Results of trials, one after the other in slot 0."""
    results = []
    for one in specs:
        executor.submit(one, 0)
        while not (ended := executor.wait(1.0)):
            pass
        results += ended
    return results


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        ("segfault", "it died of SIGSEGV"),
        pytest.param(
            "die", "killed (SIGKILL), most likely because memory ran out", marks=pytest.mark.slow
        ),
        pytest.param("nothing", "it ended with status 7", marks=pytest.mark.slow),
    ],
)
def test_a_death_costs_one_trial_and_tells_its_reason(executor, tmp_path, do, reason):
    dead, well = run(executor, spec(tmp_path, do), spec(tmp_path, "well", "0001"))
    assert (dead.trial_id, dead.status) == ("0000", "INVALID")
    assert dead.reason.splitlines()[-1].startswith("The worker process is gone")
    assert reason in dead.reason
    assert (well.status, well.curve) == ("COMPLETED", [{"val_accuracy": 0.5}])
    assert (tmp_path / "0001" / "checkpoint.weights.h5").exists()


@pytest.mark.slow
def test_a_child_is_warm_for_the_next_trial_and_replaced_when_worn(executor, tmp_path, monkeypatch):
    monkeypatch.setattr("autokeras_nas.search.process._RECYCLE_AFTER", 2)
    results = run(executor, *(spec(tmp_path, "pid", f"000{k}") for k in range(3)))
    pids = [result.curve[0]["val_accuracy"] for result in results]
    assert pids[0] == pids[1] != pids[2]
    assert os.getpid() not in pids


@pytest.mark.slow
def test_a_trial_that_hangs_is_ended(tmp_path):
    process = Process(Setup(Deed(), OBJECTIVE, None), tmp_path / "workers", trial_timeout=1)
    (result,) = run(process, spec(tmp_path, "hang"))
    assert (result.status, result.reason) == ("FAILED", "It was taken to hang: no end after 1 s.")
    process.close()


@pytest.mark.parametrize(
    ("timeout", "seconds", "limit"),
    [(None, None, None), (None, 10.0, 80.0), (30.0, 10.0, 30.0), (30.0, None, 30.0)],
)
def test_a_trial_hangs_after_what_was_said_or_else_far_beyond_its_time(
    tmp_path, timeout, seconds, limit
):
    process = Process(Setup(None, None, None), tmp_path, slots=0, trial_timeout=timeout)
    assert process._limit(spec(tmp_path, "well", seconds=seconds)) == limit


@pytest.mark.slow
def test_a_trial_can_be_asked_to_stop(executor, tmp_path):
    begun = time.monotonic()

    def stop():
        return "enough" if time.monotonic() > begun + 8 else None

    (result,) = run(executor, spec(tmp_path, "hang", stop=stop))
    assert (result.status, result.reason) == ("COMPLETED", "enough")


@pytest.mark.slow
def test_entries_that_building_adds_come_back(executor, tmp_path):
    (result,) = run(executor, spec(tmp_path, "grow"))
    assert result.hyperparameters.get("late") == 3


@pytest.mark.slow
def test_what_a_user_got_wrong_ends_the_search(executor, tmp_path):
    with pytest.raises(kt_errors.FatalError, match="must return a History"):
        run(executor, spec(tmp_path, "wrong"))


def test_what_cannot_be_sent_is_said_before_anything_begins(tmp_path):
    hypermodel = Deed()
    hypermodel.lock = threading.Lock()
    with pytest.raises(ValueError, match="The hypermodel cannot be sent to another process"):
        Process(Setup(hypermodel, OBJECTIVE, None), tmp_path / "workers")


@pytest.mark.slow
def test_a_cancelled_trial_has_no_result(executor, tmp_path):
    executor.submit(spec(tmp_path, "hang"), 0)
    executor.cancel("0000")
    assert executor.wait(1.0) == []


def test_nothing_is_left_behind(tmp_path):
    process = Process(Setup(Deed(), OBJECTIVE, None), tmp_path / "workers")
    run(process, spec(tmp_path, "well"))
    children = [place.child.pid for place in process._running.values()]
    process.close()
    assert [file.name for file in (tmp_path / "workers").iterdir()] == ["worker_0.log"]
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


PARENT = """
import sys, time
from pathlib import Path
from autokeras_nas.search.process import Process
from autokeras_nas.search.worker import Setup

process = Process(Setup(None, None, None), Path(sys.argv[1]), slots=2)
print(*(place.child.pid for place in process._running.values()), flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_children_end_with_their_parent_however_that_ends(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        children = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    deadline = time.monotonic() + 60
    while any(_is_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(children) == 2 and not any(map(_is_alive, children))


def _is_alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


# ---- In a search ----------------------------------------------------------------------------


def build(hp):
    model = keras.Sequential([keras.Input((4,))])
    model.add(keras.layers.Dense(hp.Int("units", 2, 64), activation="relu"))
    model.add(keras.layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def search(tmp_path, executor, workers=1):
    tuner = nas.NasTuner(
        build,
        oracle="random",
        objective="val_accuracy",
        max_trials=4,
        seed=0,
        directory=tmp_path,
        project_name=executor,
        executor=executor,
        workers=workers,
    )
    tuner.search(X, Y, validation_split=0.25, epochs=2, verbose=0)
    return tuner


@pytest.mark.slow
def test_the_same_search_as_in_this_process(tmp_path):
    here, there = (search(tmp_path, executor) for executor in ("inline", "process"))
    for trial_id, trial in here.oracle.trials.items():
        other = there.oracle.trials[trial_id]
        assert other.hyperparameters.values == trial.hyperparameters.values
        assert other.score == pytest.approx(trial.score, abs=1e-6)
    best = there.load_model(there.oracle.get_best_trials(1)[0])
    scored = best.evaluate(X[48:], Y[48:], verbose=0, return_dict=True)["accuracy"]
    assert scored == pytest.approx(there.oracle.get_best_trials(1)[0].score, abs=1e-6)


@pytest.mark.slow
def test_several_workers_finish_every_trial(tmp_path):
    tuner = search(tmp_path, "process", workers=2)
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 4
