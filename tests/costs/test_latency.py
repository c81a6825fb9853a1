from __future__ import annotations

import keras
import pytest

from autokeras_nas.costs import latency


def network(shape=(3,), inputs=1):
    tensors = [keras.Input(shape) for _ in range(inputs)]
    x = tensors[0] if inputs == 1 else keras.layers.Add()(tensors)
    return keras.Model(tensors, keras.layers.Dense(2)(x))


def ticks(*steps):
    """A clock that goes on by each step in turn, twice a pass."""
    now, left = [0.0], list(steps)

    def clock():
        now[0] += left.pop(0)
        return now[0]

    return clock


def test_the_median_counts_and_the_first_passes_do_not():
    warm_up = [9] * 5
    measured = [0, 1, 0, 5, 0, 2]
    assert latency(network(), runs=3, clock=ticks(*warm_up, *measured)) == 2.0


@pytest.mark.parametrize("model", [network((None, 3)), network(inputs=2)])
def test_free_lengths_and_several_inputs_are_measured(model):
    assert latency(model, runs=1) > 0


class Mine(keras.Model):
    def call(self, inputs):
        return inputs


def test_a_model_without_inputs_is_refused():
    with pytest.raises(ValueError, match="keras.Input"):
        latency(Mine())
    with pytest.raises(ValueError, match="runs"):
        latency(network(), runs=0)
