from __future__ import annotations

import keras
import keras_tuner
import numpy as np

from autokeras_nas.training import BestWeights, StopOnRequest

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


def test_weights_are_those_of_the_best_finite_epoch():
    best = BestWeights(keras_tuner.Objective("score", "max"))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    best.set_model(model)
    for epoch, score in enumerate([0.1, 0.9, float("nan"), 0.5, float("inf")]):
        model.set_weights([np.full((2, 1), epoch), np.zeros(1)])
        best.on_epoch_end(epoch, {"score": score})
    assert (best.best, best.epoch) == (0.9, 1)
    assert best.weights[0][0, 0] == 1
