"""Precision: the policy is set where GPUs can, and put back."""

import keras
import pytest
import tensorflow as tf

from autokeras_nas.training import mixed_precision


def with_gpus(monkeypatch, *capabilities):
    """As if the machine had GPUs of these compute capabilities."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(capabilities))
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": gpu}
    )


@pytest.mark.parametrize(
    ("wanted", "capabilities", "computes"),
    [
        (True, [(8, 0)], "bfloat16"),
        (True, [(9, 0), (8, 6)], "bfloat16"),
        (True, [(9, 0), (7, 5)], "float32"),
        (True, [], "float32"),
        (False, [(9, 0)], "float32"),
    ],
)
def test_layers_are_mixed_where_it_is_wanted_and_every_gpu_can(
    monkeypatch, wanted, capabilities, computes
):
    with_gpus(monkeypatch, *capabilities)
    with mixed_precision(wanted):
        layer = keras.layers.Dense(2)
    assert (layer.compute_dtype, layer.variable_dtype) == (computes, "float32")


def test_the_policy_is_put_back_after_an_error_too(monkeypatch):
    with_gpus(monkeypatch, (9, 0))
    with pytest.raises(ZeroDivisionError), mixed_precision(True):
        raise ZeroDivisionError
    assert keras.layers.Dense(2).compute_dtype == "float32"


def test_weights_of_mixed_networks_fit_plain_ones(monkeypatch):
    with_gpus(monkeypatch, (9, 0))

    def build():
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))

    with mixed_precision(True):
        mixed = build()
    plain = build()
    assert (mixed.output.dtype, plain.output.dtype) == ("bfloat16", "float32")
    plain.set_weights(mixed.get_weights())
    assert all(weight.dtype == "float32" for weight in mixed.get_weights())
