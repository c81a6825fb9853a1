"""Variables of optimizer and metrics, made before the first step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.training import FlatAdamW, make_variables

RNG = np.random.default_rng(0)


def network(units, activation):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(units, activation)(inputs))


@pytest.mark.parametrize("weighted", [False, True])
def test_nothing_is_left_to_be_made_and_nothing_is_counted(weighted):
    model = network(2, "softmax")
    model.compile(FlatAdamW(), "categorical_crossentropy", metrics=["accuracy"])
    x, y = np.ones((8, 3), "float32"), np.eye(2, dtype="float32")[RNG.integers(0, 2, 8)]
    parts = (x, y, np.ones(8, "float32")) if weighted else (x, y)
    make_variables(model, tf.data.Dataset.from_tensor_slices(parts).batch(4))
    variables = len(model.variables) + len(model.optimizer.variables)
    made = len(model.metrics_variables)
    assert [float(keras.ops.sum(v)) for v in model.metrics_variables] == [0.0] * made
    model.fit(x, y, verbose=0)
    assert len(model.variables) + len(model.optimizer.variables) == variables
    assert len(model.metrics_variables) == made >= 4  # Sum and count of loss and accuracy.


def test_training_goes_the_same_way():
    x = RNG.normal(size=(32, 3)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((x, x.sum(1, keepdims=True))).batch(8)
    histories = []
    for early in (False, True):
        keras.utils.set_random_seed(0)
        model = network(1, None)
        model.compile(FlatAdamW(0.01), "mse", metrics=["mae"])
        if early:
            make_variables(model, data)
        histories.append(model.fit(data, epochs=3, verbose=0).history)
    assert histories[0] == histories[1]
