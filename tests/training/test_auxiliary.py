"""AuxiliaryModel: learns from auxiliary outputs, and is the main network in all else."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.training.auxiliary import AuxiliaryModel

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5], [2.0, 2.0]], "float32")
Y = np.array([[1.0], [0.0], [2.0], [-1.0]], "float32")


def make(weight=0.4, heads=1, regularizer=None, rate=0.0):
    """Two linear layers; heads that read the first one."""
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(2, name="hidden", kernel_regularizer=regularizer)(inputs)
    dropped = keras.layers.Dropout(rate)(hidden)
    output = keras.layers.Dense(1, name="main")(dropped)
    auxiliary = [keras.layers.Dense(1, name=f"auxiliary_{k}")(hidden) for k in range(heads)]
    return AuxiliaryModel(inputs, output, auxiliary, weight, name="network")


def squares(model, name):
    """The mean squared error of a head, worked out in NumPy."""
    layers = {layer.name: layer for layer in model.in_training.layers}
    hidden = X @ layers["hidden"].kernel.numpy() + layers["hidden"].bias.numpy()
    guess = hidden @ layers[name].kernel.numpy() + layers[name].bias.numpy()
    return float(np.mean((guess - Y) ** 2))


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize(("weight", "heads"), [(0.4, 1), (0.25, 2)])
def test_training_adds_the_weighted_losses(weight, heads, eager):
    model = make(weight, heads)
    model.compile("sgd", "mse", metrics=["mse"], run_eagerly=eager)
    main = squares(model, "main")
    total = main + sum(weight * squares(model, f"auxiliary_{k}") for k in range(heads))
    logs = model.train_on_batch(X, Y, return_dict=True)
    assert logs["loss"] == pytest.approx(total, rel=1e-5)
    assert logs["mse"] == pytest.approx(main, rel=1e-5)


def test_validation_measures_the_main_output_alone():
    model = make()
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, validation_data=(X, Y), epochs=2, verbose=0).history
    assert set(history) == {"loss", "mae", "val_loss", "val_mae"}
    main = squares(model, "main")
    assert history["val_loss"][-1] == pytest.approx(main, rel=1e-5)
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(main, rel=1e-5)
    assert model.predict(X, verbose=0).shape == (4, 1) and model.output_shape == (None, 1)


def test_heads_learn_and_so_does_what_they_read():
    model = make()
    main = model.get_layer("main")
    # Now nothing reaches the hidden layer from the main output.
    main.kernel.assign(np.zeros((2, 1)))
    main.trainable = False
    model.compile(keras.optimizers.SGD(0.05), "mse")
    hidden = model.get_layer("hidden").kernel.numpy()
    before = squares(model, "auxiliary_0")
    model.fit(X, Y, epochs=5, verbose=0)
    assert squares(model, "auxiliary_0") < before
    assert not np.allclose(model.get_layer("hidden").kernel.numpy(), hidden)
    assert {w.path.split("/")[0] for w in model.trainable_weights} == {"hidden", "auxiliary_0"}


def test_sample_weights_reach_the_heads():
    model = make()
    model.compile("sgd", "mse")
    assert model.train_on_batch(X, Y, sample_weight=np.zeros(4)) == pytest.approx(0)


def test_regularisation_counts_once():
    model = make(regularizer=keras.regularizers.L2(0.5))
    model.compile("sgd", "mse")
    penalty = 0.5 * float(np.sum(model.get_layer("hidden").kernel.numpy() ** 2))
    total = squares(model, "main") + 0.4 * squares(model, "auxiliary_0") + penalty
    assert model.train_on_batch(X, Y) == pytest.approx(total, rel=1e-5)


def test_training_runs_what_training_runs():
    model = make(rate=0.9)
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(X, verbose=0), model(X))
    dropped = [np.asarray(model(X, training=True)) for _ in range(5)]
    assert not all(np.allclose(dropped[0], other) for other in dropped)


def test_weights_survive_saving_heads_included(tmp_path):
    model, again = make(), make()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    again.load_weights(tmp_path / "w.weights.h5")
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert squares(model, "auxiliary_0") == squares(again, "auxiliary_0")


def test_weights_are_each_listed_once():
    model = make(heads=2)
    assert model.count_params() == 6 + 3 + 2 * 3
    assert len({id(w) for w in model.weights}) == len(model.weights) == 8
    copy = make(heads=2)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(X), model(X))


def test_whole_model_survives_saving_and_goes_on_learning(tmp_path):
    model = make(0.25)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again, AuxiliaryModel) and again.name == "network"
    np.testing.assert_allclose(again(X), model(X))
    total = squares(model, "main") + 0.25 * squares(model, "auxiliary_0")
    assert again.train_on_batch(X, Y) == pytest.approx(total, rel=1e-5)


def test_network_without_heads_is_made_from_inputs_and_outputs():
    model = make()
    plain = keras.Model(model.inputs[0], model.outputs[0])
    assert type(plain).__name__ == "Functional" and plain.count_params() == 6 + 3
    np.testing.assert_array_equal(plain(X), model(X))
