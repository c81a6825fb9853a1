"""ScheduledDropPath: what is dropped, when, and that nothing is lost on average."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.layers import ScheduledDropPath, schedule_drop_paths


def outputs(layer, examples=20_000, training=True):
    return np.asarray(layer(np.ones((examples, 2, 3), "float32"), training=training))


def test_nothing_is_dropped_at_the_first_step_and_the_full_share_at_the_last():
    layer = ScheduledDropPath(0.4, total_steps=4, seed=0)
    shares = [float(np.mean(outputs(layer) == 0)) for _ in range(7)]
    np.testing.assert_allclose(shares, [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4], atol=0.02)
    assert shares[0] == 0


def test_output_keeps_the_mean_of_the_input():
    layer = ScheduledDropPath(0.4, seed=0)
    y = outputs(layer)
    assert abs(y.mean() - 1) < 0.03
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.6], rtol=1e-6)


def test_each_example_is_dropped_as_a_whole():
    y = outputs(ScheduledDropPath(0.5, seed=0)).reshape(20_000, -1)
    assert (y == y[:, :1]).all()


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True)])
def test_input_passes_outside_training_and_without_a_rate(rate, training):
    layer = ScheduledDropPath(rate, seed=0)
    assert (outputs(layer, training=training) == 1).all()
    assert float(layer.step) == 0


def model_with_drop_path():
    inputs = keras.Input((3,))
    inner = keras.Input((3,))
    nested = keras.Model(inner, ScheduledDropPath(0.5, name="inner")(inner))
    x = ScheduledDropPath(0.5, name="outer")(keras.layers.Dense(3)(inputs))
    return keras.Model(inputs, nested(x))


def test_training_counts_steps_and_saving_keeps_them(tmp_path):
    model = model_with_drop_path()
    schedule_drop_paths(model, 10)
    model.compile("sgd", "mse")
    x = np.ones((8, 3), "float32")
    model.fit(x, x, batch_size=2, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    layer = again.get_layer("outer")
    assert (float(layer.step), layer.total_steps, layer.rate) == (8, 10, 0.5)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_schedule_reaches_nested_layers():
    model = model_with_drop_path()
    schedule_drop_paths(model, 7)
    layers = [x for x in model._flatten_layers() if isinstance(x, ScheduledDropPath)]
    assert [layer.total_steps for layer in layers] == [7, 7]


def test_half_precision_stays_half():
    layer = ScheduledDropPath(0.5, total_steps=2, dtype="mixed_float16")
    y = layer(np.ones((4, 3), "float16"), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    assert layer.step.dtype == "float32"


@pytest.mark.parametrize("wrong", [{"rate": 1.0}, {"rate": -0.1}, {"rate": 0.5, "total_steps": 0}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        ScheduledDropPath(**wrong)
