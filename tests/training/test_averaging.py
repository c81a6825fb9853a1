"""Averaging: validation and checkpoints see averages, training goes on from the latest."""

import keras
import numpy as np
import pytest

from autokeras_nas.training import AveragedWeights, FlatAdamW, Recipe
from autokeras_nas.training.averaging import FlatAverage

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
        callbacks=[look] if momentum is None else [AveragedWeights(), look],
        verbose=0,
    )
    return look, float(model.get_weights()[0][0, 0])


def averages(weights, share):
    """By hand; the first weights are the first average."""
    average, found = 0.0, []
    for step, weight in enumerate(weights, start=1):
        average = average + max(1 - share, 9 / (step + 8)) * (weight - average)
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


def normalized():
    """A network with batch normalization, compiled, and what it is trained on."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    x = keras.layers.BatchNormalization(momentum=0.5)(keras.layers.Dense(4)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    model.compile(FlatAdamW(0.05, averaging=0.9), "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(24, 3)).astype("float32")
    return model, x, x.sum(axis=1, keepdims=True)


def go_on(model, x, y, begin=0, end=1):
    model.fit(
        x,
        y,
        batch_size=8,
        initial_epoch=begin,
        epochs=end,
        shuffle=False,
        callbacks=[AveragedWeights()],
        verbose=0,
    )


class Remember(keras.callbacks.Callback):
    """Remembers all weights after each step."""

    def on_train_begin(self, logs=None):
        self.steps = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(self.model.get_weights())


def test_statistics_of_batch_normalization_are_averaged_like_the_weights():
    model, x, y = normalized()
    remember = Remember()
    callbacks = [AveragedWeights(), remember]
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, callbacks=callbacks, verbose=0)
    for position, found in enumerate(model.get_weights()):
        expected = averages([weights[position] for weights in remember.steps], 0.9)[-1]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    statistics = [w for w in model.weights if "moving" in w.name]
    assert len(statistics) == 2 and not np.allclose(statistics[0], remember.steps[-1][4])


def test_a_second_training_goes_on_from_the_latest_weights():
    model, x, y = normalized()
    go_on(model, x, y, 0, 3)
    again, *_ = normalized()
    for epoch in range(3):
        go_on(again, x, y, epoch, epoch + 1)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def whole(model, path):
    model.save(path / "model.keras")
    return keras.models.load_model(path / "model.keras")


def weights_alone(model, path):
    model.save_weights(path / "model.weights.h5")
    again, *_ = normalized()
    again.optimizer.build(again.trainable_variables)
    again.load_weights(path / "model.weights.h5")
    return again


@pytest.mark.parametrize("restored", [whole, weights_alone])
def test_a_restored_training_goes_on_exactly(tmp_path, restored):
    model, x, y = normalized()
    go_on(model, x, y, 0, 2)
    again = restored(model, tmp_path)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    for each in (model, again):
        go_on(each, x, y, 2, 4)
    pairs = zip(model.variables, again.variables, strict=True)
    state = zip(model.optimizer.variables, again.optimizer.variables, strict=True)
    for one, other in [*pairs, *state]:
        np.testing.assert_array_equal(one, other)


def test_a_network_that_learns_its_input_from_data_is_averaged_too():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.compile(FlatAdamW(0.1, averaging=0.7), "mse")
    look = Look()
    callbacks = [AveragedWeights(), look]
    model.fit(X, 5.0 * X, batch_size=2, epochs=2, callbacks=callbacks, verbose=0)
    assert look.kept == pytest.approx(averages(look.trained, 0.7)[1::2], rel=1e-5)


def test_averages_move_by_a_share_and_are_exchanged_exactly():
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([[5.0]])]
    average = FlatAverage(variables, keras.Variable([3.0, 2.0, 1.0]))
    average.move(0.25)
    np.testing.assert_array_equal(average.vector, [2.5, 2.0, 2.0])
    average.exchange()
    np.testing.assert_array_equal(variables[0], [2.5, 2.0])
    np.testing.assert_array_equal(variables[1], [[2.0]])
    np.testing.assert_array_equal(average.vector, [1.0, 2.0, 5.0])
