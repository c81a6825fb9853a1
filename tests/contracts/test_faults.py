"""Faults of a trial, each once in a real search: it alone fails, and tells why."""

from __future__ import annotations

import functools
import re

import keras
import pytest
import tensorflow as tf
from faulty import BOTH, CHILD, FIT, LARGEST, OVERSIZED, FaultyCallback, FaultyModels, X, Y

import autokeras_nas as nas
from autokeras_nas.data import memory
from autokeras_nas.errors import SearchFailedError
from autokeras_nas.reports.leaderboard import leaderboard

pytestmark = pytest.mark.slow

FAULTS = {"inline": BOTH, "process": {**BOTH, **CHILD}}
EACH = [(executor, fault) for executor, faults in FAULTS.items() for fault in faults]


def make(folder, executor, max_trials, faults):
    """A tuner that tries a network without a fault, one with each, and one without."""
    tuner = nas.NasTuner(
        FaultyModels(),
        oracle="random",
        objective="val_accuracy",
        max_trials=max_trials,
        max_model_size=LARGEST,
        seed=0,
        directory=folder,
        project_name=executor,
        executor=executor,
        trial_timeout=60.0,
    )
    order = [("none", 8), *((fault, 8) for fault in faults), (OVERSIZED, 8), ("none", 9)]
    tuner.oracle.initial_architectures = [{"fault": f, "units": units} for f, units in order]
    return tuner


def board_of(tuner):
    """The leaderboard, by fault."""
    board = leaderboard(tuner.oracle)
    return board.set_index(board["architecture"].str.split().str[0])


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Gives the folder and the tuner of a search in which every fault happened, by executor.

    Each runs once for all tests, whatever their order.
    """

    @functools.cache
    def search(executor):
        folder, faults = tmp_path_factory.mktemp("nas"), FAULTS[executor]
        tuner = make(folder, executor, len(faults) + 2, faults)
        tuner.search(X, Y, callbacks=[FaultyCallback()], **FIT)
        return folder, tuner

    return search


with_each_executor = pytest.mark.parametrize("executor", list(FAULTS))


@pytest.mark.parametrize(("executor", "fault"), EACH)
def test_a_fault_fails_its_trial_and_the_leaderboard_tells_why(searched, executor, fault):
    _, tuner = searched(executor)
    row = board_of(tuner).loc[fault]
    assert row["status"] == "FAILED"
    assert re.search(FAULTS[executor][fault], row["reason"]), row["reason"]


@with_each_executor
def test_trials_before_and_after_all_faults_are_well(searched, executor):
    _, tuner = searched(executor)
    well = board_of(tuner).loc["none"]
    assert list(well["status"]) == ["COMPLETED"] * 2
    assert set(well["trial"]) == {"0000", f"{len(tuner.oracle.trials) - 1:04d}"}
    best = tuner.oracle.get_best_trials(2)
    for trial, model in zip(best, tuner.get_best_models(2), strict=True):
        scored = model.evaluate(X[90:], Y[90:], verbose=0, return_dict=True)["accuracy"]
        assert scored == pytest.approx(trial.score, abs=1e-6)


@with_each_executor
def test_what_is_oversized_is_no_trial(searched, executor):
    assert OVERSIZED not in board_of(searched(executor)[1]).index


@with_each_executor
def test_another_tuner_opens_the_project_with_its_reasons_and_goes_on(searched, executor):
    folder, tuner = searched(executor)
    again = make(folder, executor, len(tuner.oracle.trials) + 1, FAULTS[executor])
    assert leaderboard(again.oracle).equals(leaderboard(tuner.oracle))
    again.oracle.initial_architectures = [{"fault": "none", "units": 10}]
    again.search(X, Y, **FIT)
    assert list(board_of(again).loc["none"]["status"]) == ["COMPLETED"] * 3


# ---- Nothing but faults ---------------------------------------------------------------------


class AlwaysBreaks(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise RuntimeError("my callback broke")


def test_a_search_of_nothing_but_faults_says_which(tmp_path):
    model = nas.AutoModel(oracle="random", max_trials=2, seed=0, directory=tmp_path)
    fit = {"epochs": 1, "time_budget": None, "verbose": 0}
    with pytest.raises(SearchFailedError, match="Reasons: RuntimeError: my callback broke. Give"):
        model.fit(X, Y, callbacks=[AlwaysBreaks()], **fit)
    assert list(model.leaderboard()["reason"]) == ["RuntimeError: my callback broke"] * 2
    with pytest.raises(SearchFailedError, match="my callback broke"):
        nas.AutoModel.load(tmp_path / "auto_model")
    again = nas.AutoModel.load(tmp_path / "auto_model", allow_unfinished=True)
    again.max_trials = again.tuner.oracle.max_trials = 3
    again.fit(X, Y, **fit)
    assert nas.AutoModel.load(tmp_path / "auto_model").predict(X[:2]).shape == (2, 10)


# ---- Data -----------------------------------------------------------------------------------


class Source:
    """Batches of digits, which break in the middle while `broken`."""

    broken = False

    def __iter__(self):
        for start in range(0, len(X), 20):
            if self.broken and start == 60:
                raise OSError("cannot read row 60")
            yield X[start : start + 20], Y[start : start + 20]

    def dataset(self):
        signature = (tf.TensorSpec((None, 8, 8)), tf.TensorSpec((None,), tf.int64))
        return tf.data.Dataset.from_generator(lambda: iter(self), output_signature=signature)


class PyDataset(keras.utils.PyDataset):
    """The same, batch by batch."""

    num_batches = 6

    def __getitem__(self, index):
        if index == 3:
            raise OSError("cannot read row 60")
        return X[20 * index : 20 * index + 20], Y[20 * index : 20 * index + 20]


class BreakInSecondTrial(keras.callbacks.Callback):
    """Breaks a source after the first epoch of the second trial, until that is over."""

    source, trials = Source(), 0

    def __deepcopy__(self, _):
        return type(self)()

    def on_train_begin(self, logs=None):
        type(self).trials += 1
        self.source.broken = False

    def on_epoch_end(self, epoch, logs=None):
        self.source.broken = self.trials == 2 and epoch == 0


def test_data_that_break_in_a_later_trial_fail_that_one(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_LIMIT", 0)  # Else they would be read before all trials.
    monkeypatch.setattr(BreakInSecondTrial, "trials", 0)
    model = nas.AutoModel(oracle="random", max_trials=3, seed=0, directory=tmp_path)
    source = BreakInSecondTrial.source
    settings = {"epochs": 3, "time_budget": None, "verbose": 0}
    model.fit(source, validation_data=(X, Y), callbacks=[BreakInSecondTrial()], **settings)
    board = model.leaderboard().set_index("trial")
    assert dict(board["status"]) == {"0000": "COMPLETED", "0001": "FAILED", "0002": "COMPLETED"}
    assert board["reason"]["0001"] == "OSError: cannot read row 60"
    assert nas.AutoModel.load(tmp_path / "auto_model").predict(X[:2]).shape == (2, 10)


def test_data_that_break_in_the_first_trials_end_the_search_with_their_words(tmp_path):
    source = Source()
    source.broken = True
    tuner = make(tmp_path, "inline", 20, ())
    same = [{"fault": "none", "units": units} for units in range(4, 14)]
    tuner.oracle.initial_architectures = same
    with pytest.raises(SearchFailedError, match="10 times: OSError: cannot read row 60"):
        tuner.search(source.dataset(), validation_data=(X, Y), epochs=1, verbose=0)


def broken():
    source = Source()
    source.broken = True
    return source


@pytest.mark.parametrize("data", [broken(), broken().dataset(), PyDataset()])
def test_data_that_break_before_any_trial_are_told_at_once(tmp_path, data):
    model = nas.AutoModel(oracle="random", max_trials=2, seed=0, directory=tmp_path)
    with pytest.raises(ValueError, match="cannot be read to their end. Received: OSError: cannot"):
        model.fit(data, epochs=1, time_budget=None, verbose=0)
    assert model.tuner is None


def test_data_that_break_on_their_way_to_a_child_end_the_search(tmp_path):
    tuner = make(tmp_path, "process", 2, ())
    with pytest.raises(ValueError, match="cannot be read to their end. Received: OSError: cannot"):
        tuner.search(broken().dataset(), validation_data=(X, Y), epochs=1, verbose=0)
    tuner.search(X, Y, **FIT)
    assert list(board_of(tuner).loc["none"]["status"]) == ["COMPLETED"] * 2
