"""MemberModel: averages members, and trains each as if it were alone."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.training import MemberModel

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5], [2.0, 2.0]], "float32")
Y = np.array([[1.0], [0.0], [2.0], [-1.0]], "float32")


def make(regularizer=None):
    """Three members of two features under one linear head."""
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(6, name="hidden", kernel_regularizer=regularizer)(inputs)
    members = keras.layers.Reshape((3, 2))(hidden)
    head = keras.layers.Dense(1, name="main")
    mean = keras.ops.mean(members, axis=1)
    return MemberModel(inputs, head(mean), head(members), name="network")


def guesses(model):
    """What each member guesses, `(4, 3)`, worked out in NumPy."""
    hidden, main = model.get_layer("hidden"), model.get_layer("main")
    members = (X @ hidden.kernel.numpy() + hidden.bias.numpy()).reshape(4, 3, 2)
    return (members @ main.kernel.numpy() + main.bias.numpy())[..., 0]


@pytest.mark.parametrize("eager", [True, False])
def test_training_takes_the_mean_of_the_members_losses(eager):
    model = make()
    model.compile("sgd", "mse", metrics=["mse"], run_eagerly=eager)
    guess = guesses(model)
    logs = model.train_on_batch(X, Y, return_dict=True)
    assert logs["loss"] == pytest.approx(np.mean((guess - Y) ** 2), rel=1e-5)
    assert logs["mse"] == pytest.approx(np.mean((guess.mean(axis=1) - Y[:, 0]) ** 2), rel=1e-5)


def test_validation_and_predictions_are_of_the_mean():
    model = make()
    model.compile("sgd", "mse")
    guess = guesses(model).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(X, verbose=0), guess, rtol=1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.mean((guess - Y) ** 2), rel=1e-5)


def test_sample_weights_reach_every_member():
    model, weights = make(), np.array([1.0, 0.0, 2.0, 0.0])
    model.compile("sgd", "mse")
    errors = ((guesses(model) - Y) ** 2).mean(axis=1)
    loss = model.train_on_batch(X, Y, sample_weight=weights)
    assert loss == pytest.approx(float((errors * weights).mean()), rel=1e-5)


def test_regularisation_counts_once():
    model = make(keras.regularizers.L2(0.5))
    model.compile("sgd", "mse")
    penalty = 0.5 * float(np.sum(model.get_layer("hidden").kernel.numpy() ** 2))
    total = float(np.mean((guesses(model) - Y) ** 2)) + penalty
    assert model.train_on_batch(X, Y) == pytest.approx(total, rel=1e-5)


def test_weights_are_each_listed_once():
    model = make()
    assert model.count_params() == 18 + 3
    copy = make()
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(X), model(X))


def test_whole_model_survives_saving_and_goes_on_learning(tmp_path):
    model = make()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again, MemberModel) and again.name == "network"
    np.testing.assert_allclose(again(X), model(X))
    expected = float(np.mean((guesses(model) - Y) ** 2))
    assert again.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)


def test_network_of_the_mean_is_made_from_inputs_and_outputs():
    model = make()
    plain = keras.Model(model.inputs[0], model.outputs[0])
    assert type(plain).__name__ == "Functional" and plain.count_params() == 21
    np.testing.assert_array_equal(plain(X), model(X))
