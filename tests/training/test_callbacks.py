from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors

from autokeras_nas.training import BestWeights, FailIfSlow, StopOnRequest, TimeIsUp, has_finite_loss

X = np.ones((64, 2), "float32")


def fit(callbacks, epochs=3, loss="mse"):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    return model.fit(X, X[:, :1], batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks)


def test_a_reason_ends_the_epoch_after_its_step():
    asked = []
    stop = StopOnRequest(lambda _: asked.append(1) or ("enough" if len(asked) == 11 else None))
    history = fit([stop])
    assert stop.stopped == "enough" and len(asked) == 11
    assert len(history.history["loss"]) == 2


@pytest.mark.parametrize(("epochs", "dispensable"), [(0, True), (1, False), (1, True)])
def test_a_training_that_is_overdue_is_broken_off_in_its_validation(epochs, dispensable):
    late = [False]
    stop = StopOnRequest(lambda _: None, lambda: late[0], dispensable)
    for epoch in range(epochs):
        stop.on_epoch_end(epoch, {"loss": 1.0})
    stop.on_test_batch_end(0)
    late[0] = True
    with pytest.raises(TimeIsUp):
        stop.on_test_batch_end(1)
    assert stop.epochs == [{"loss": 1.0}] * epochs


def test_a_training_without_a_result_goes_on_where_there_is_no_other():
    stop = StopOnRequest(lambda _: "late", lambda: True)
    history = fit([stop], epochs=1)
    assert len(history.history["loss"]) == 1 and stop.stopped == "late"


def test_the_time_of_validation_is_guessed_and_then_measured():
    now = [0.0]
    stop = StopOnRequest(lambda rest: None, clock=lambda: now[0])
    stop.on_train_begin()
    now[0] = 20.0
    assert stop.validation_seconds == 2.0
    stop.on_test_begin()
    now[0] = 27.0
    stop.on_test_end()
    assert stop.validation_seconds == 7.0


def test_a_loss_that_is_not_finite_ends_the_training():
    stop = StopOnRequest(lambda _: None)
    fit([stop], loss=lambda t, p: keras.ops.mean(p) * float("nan"))
    assert "nan" in stop.stopped


@pytest.mark.parametrize("loss", [0.0, np.float32(1.0), None, "unknown", [1.0, 2.0]])
def test_a_loss_that_is_a_number_or_none_at_all_does_not_stop(loss):
    assert has_finite_loss({"loss": loss}) and has_finite_loss({})


@pytest.mark.parametrize(("step_seconds", "fails"), [(1.0, False), (3.0, True)])
def test_a_training_that_is_too_slow_is_given_up_early(step_seconds, fails):
    now = [0.0]
    slow = FailIfSlow(seconds=100.0, least_epochs=5, clock=lambda: now[0])
    slow.set_params({"steps": 10})
    now[0] = 60.0  # The first step is traced, and does not count.
    slow.on_train_batch_end(0)

    def train():
        for step in range(20):
            now[0] += step_seconds
            slow.on_train_batch_end(step)

    if not fails:
        train()
        return
    with pytest.raises(kt_errors.FailedTrialError, match="3.3 epochs in 100 s"):
        train()
    assert now[0] == 72.0


def test_weights_are_those_of_the_best_finite_epoch():
    best = BestWeights(keras_tuner.Objective("score", "max"))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    best.set_model(model)
    nan, inf = float("nan"), float("inf")
    epochs = [(0.1, 1.0), (0.9, 1.0), (nan, 1.0), (0.5, 1.0), (inf, 1.0), (1.0, nan), (1.0, inf)]
    for epoch, (score, loss) in enumerate(epochs):
        model.set_weights([np.full((2, 1), epoch), np.zeros(1)])
        best.on_epoch_end(epoch, {"score": score, "loss": loss})
    assert (best.best, best.epoch) == (0.9, 1)
    assert best.weights[0][0, 0] == 1
