"""The LSTM: one cell by hand, steps and sequences alike, and its gradient by differences."""

import numpy as np
import pytest
import slopes

from autokeras_nas.controllers.lstm import Lstm


def random_weights(lstm, seed=0):
    """Weights large enough that no gate is near its middle."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(scale=0.7, size=array.shape)
        for name, array in lstm.new_weights("k", 0.1).items()
    }


def test_one_cell_by_hand():
    lstm = Lstm(inputs=1, units=1, layers=1)
    weights = {
        "lstm_0_input": np.array([[0.5, -1.0, 2.0, 0.3]]),
        "lstm_0_recurrent": np.array([[0.1, 0.2, -0.3, 0.4]]),
        "lstm_0_bias": np.array([0.0, 1.0, -0.5, 0.2]),
    }
    x, h, c = 0.8, 0.6, -0.9
    drive = [0.5 * x + 0.1 * h, -x + 0.2 * h + 1.0, 2 * x - 0.3 * h - 0.5, 0.3 * x + 0.4 * h + 0.2]
    i, f, o = (1.0 / (1.0 + np.exp(-z)) for z in drive[:3])
    cell = f * c + i * np.tanh(drive[3])
    stepper = lstm.stepper(weights)
    stepper._read[0][1], stepper._cells[0] = h, np.array([c])
    assert stepper.step(np.array([x]))[0] == pytest.approx(o * np.tanh(cell))
    assert stepper._cells[0][0] == pytest.approx(cell)


def test_steps_give_what_sequences_give():
    lstm = Lstm(inputs=3, units=4, layers=2)
    weights = random_weights(lstm)
    inputs = np.random.default_rng(1).normal(size=(5, 2, 3))
    outputs, _ = lstm.forward(weights, inputs)
    assert outputs.shape == (5, 2, 4)
    for child in range(2):
        stepper = lstm.stepper(weights)
        for t in range(5):
            output = stepper.step(inputs[t, child])
            np.testing.assert_allclose(output, outputs[t, child], rtol=1e-12)


def test_steps_of_one_sequence_change_nothing_of_another():
    lstm = Lstm(inputs=3, units=4, layers=2)
    weights = random_weights(lstm)
    x = np.ones(3)
    first = lstm.stepper(weights).step(x)
    other = lstm.stepper(weights)
    kept = other.step(x)
    other.step(x)
    np.testing.assert_array_equal(kept, first)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_gradient_equals_finite_differences(layers):
    lstm = Lstm(inputs=2, units=3, layers=layers)
    weights = random_weights(lstm)
    rng = np.random.default_rng(2)
    inputs, wanted = rng.normal(size=(4, 2, 2)), rng.normal(size=(4, 2, 3))

    def value():
        return float((wanted * lstm.forward(weights, inputs)[0]).sum())

    by_inputs, gradient = lstm.backward(weights, lstm.forward(weights, inputs)[1], wanted)
    slopes.assert_equal(gradient, slopes.finite_differences(value, weights))
    by_hand = slopes.finite_differences(value, {"inputs": inputs})
    slopes.assert_equal({"inputs": by_inputs}, by_hand)


def test_what_fills_up_a_sequence_is_not_heard_before():
    lstm = Lstm(inputs=2, units=3, layers=2)
    weights = random_weights(lstm)
    short = np.random.default_rng(3).normal(size=(3, 1, 2))
    filled = np.concatenate([short, np.full((2, 1, 2), 9.0)])
    outputs, tape = lstm.forward(weights, filled)
    alone, tape_alone = lstm.forward(weights, short)
    np.testing.assert_array_equal(outputs[:3], alone)
    wanted = np.zeros_like(outputs)
    wanted[:3] = 1.0
    _, gradient = lstm.backward(weights, tape, wanted)
    _, gradient_alone = lstm.backward(weights, tape_alone, wanted[:3])
    slopes.assert_equal(gradient, gradient_alone)


def test_large_numbers_do_not_overflow():
    lstm = Lstm(inputs=1, units=1, layers=1)
    weights = {name: np.full_like(w, 1e3) for name, w in lstm.new_weights("k", 0.1).items()}
    with np.errstate(all="raise"):
        outputs, _ = lstm.forward(weights, np.array([[[1e3]], [[-1e3]]]))
    assert np.isfinite(outputs).all()


def test_new_weights_stay_within_their_bound_and_forget_gates_are_open():
    weights = Lstm(inputs=2, units=3, layers=2).new_weights("k", 0.08)
    for name, array in weights.items():
        if name.endswith("bias"):
            np.testing.assert_array_equal(array, [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
        else:
            assert 0.0 < np.abs(array).max() <= 0.08
    assert weights["lstm_1_input"].shape == (3, 12)
