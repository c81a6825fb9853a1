"""Averaging: validation and checkpoints see averages, training goes on from the latest."""

import keras
import numpy as np
import pytest

from autokeras_nas.training import AveragedWeights, Recipe

X = np.ones((4, 1), "float32")


class Look(keras.callbacks.Callback):
    """Notes the one weight as training and others see it."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.stop_after = stop_after
        self.trained, self.validated, self.kept = [], [], []

    def weight(self):
        return float(self.model.get_weights()[0][0, 0])

    def on_train_batch_end(self, batch, logs=None):
        self.trained.append(self.weight())

    def on_test_batch_end(self, batch, logs=None):
        self.validated.append(self.weight())

    def on_epoch_end(self, epoch, logs=None):
        self.kept.append(self.weight())
        if epoch == self.stop_after:
            self.model.stop_training = True


def fit(momentum, stop_after=None, epochs=3):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(Recipe(learning_rate=0.1, averaging=momentum).optimizer(), "mse")
    look = Look(stop_after)
    model.fit(
        X,
        5.0 * X,
        batch_size=2,
        epochs=epochs,
        validation_data=(X, X),
        validation_batch_size=4,
        callbacks=[AveragedWeights(), look],
        verbose=0,
    )
    return look, float(model.get_weights()[0][0, 0])


def averages(weights, momentum):
    """By hand; the first weights are the first average."""
    average = weights[0]
    found = [average]
    for weight in weights[1:]:
        average = momentum * average + (1 - momentum) * weight
        found.append(average)
    return found


def test_validation_and_checkpoints_have_the_average_of_all_steps():
    look, _ = fit(0.7)
    expected = averages(look.trained, 0.7)[1::2]  # Two steps an epoch.
    assert look.validated == pytest.approx(expected, rel=1e-5)
    assert look.kept == pytest.approx(expected, rel=1e-5)
    assert expected != pytest.approx(look.trained[1::2], rel=1e-2)


def test_training_is_the_same_with_and_without_averages():
    assert fit(0.7)[0].trained == pytest.approx(fit(None, epochs=3)[0].trained, rel=1e-5)


@pytest.mark.parametrize("stop_after", [None, 0, 1])
def test_a_training_leaves_the_average_however_it_ends(stop_after):
    look, final = fit(0.7, stop_after)
    assert final == pytest.approx(averages(look.trained, 0.7)[-1], rel=1e-5)
