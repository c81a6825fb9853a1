from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.training import PROGRESS, LogProgress, Recipe, Schedule

X = np.ones((32, 2), "float32")


def progress(callbacks, epochs=4):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(
        X, X[:, :1], batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks
    ).history
    return history[PROGRESS]


def at_the_end_of(epoch, seconds, callback):
    callback.set_params({"epochs": 10})
    logs = {}
    callback.clock = lambda: seconds
    callback.on_epoch_end(epoch, logs)
    return logs


def test_where_epochs_decide_progress_is_their_share():
    assert progress([LogProgress()]) == [0.25, 0.5, 0.75, 1.0]


def test_time_counts_where_it_is_further():
    assert at_the_end_of(1, 6.0, LogProgress(20.0, clock=lambda: 0.0)) == {PROGRESS: 0.3}
    assert at_the_end_of(4, 6.0, LogProgress(20.0, clock=lambda: 0.0)) == {PROGRESS: 0.5}
    assert at_the_end_of(4, 60.0, LogProgress(20.0, clock=lambda: 0.0)) == {PROGRESS: 1.0}


def test_a_schedule_knows_better():
    schedule = Schedule(Recipe(), steps=32)
    assert progress([schedule, LogProgress()]) == [0.125, 0.25, 0.375, 0.5]


def test_a_schedule_tells_its_time():
    now = [0.0]
    schedule = Schedule(Recipe(), steps=100, seconds=10.0, clock=lambda: now[0])
    now[0] = 7.0
    logs = {}
    schedule.on_epoch_end(0, logs)
    assert logs[PROGRESS] == pytest.approx(0.7)


def test_who_knows_neither_epochs_nor_time_tells_nothing():
    logs = {}
    LogProgress().on_epoch_end(0, logs)
    assert logs == {}
