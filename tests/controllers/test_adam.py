"""Adam: its formula by hand, tables that grow, and its state."""

import json

import numpy as np
import pytest

from autokeras_nas.controllers.adam import Adam


def test_two_steps_by_hand():
    weights = {"w": np.array([1.0])}
    adam = Adam(first_decay=0.5, second_decay=0.75, epsilon=0.0)
    adam.ascend(weights, {"w": np.array([2.0])}, rate=0.1)
    # m = 1, v = 1; unbiased 2 and 4, so the step is 0.1 * 2 / 2.
    assert weights["w"][0] == pytest.approx(1.1)
    adam.ascend(weights, {"w": np.array([-4.0])}, rate=0.1)
    # m = 0.5 - 2 = -1.5, over 0.75; v = 0.75 + 4 = 4.75, over 0.4375.
    assert weights["w"][0] == pytest.approx(1.1 - 0.1 * 2.0 / np.sqrt(4.75 / 0.4375))


def test_the_first_step_is_the_rate_whatever_the_scale():
    for scale in (1e-3, 1.0, 1e6):
        weights = {"w": np.zeros(2)}
        Adam().ascend(weights, {"w": scale * np.array([1.0, -3.0])}, rate=0.01)
        np.testing.assert_allclose(weights["w"], [0.01, -0.01], rtol=1e-4)


def test_weights_climb_to_the_top():
    weights = {"w": np.array([3.0, -2.0])}
    adam = Adam()
    for _ in range(2000):
        adam.ascend(weights, {"w": -(weights["w"] - 1.0)}, rate=0.02)
    np.testing.assert_allclose(weights["w"], 1.0, atol=1e-3)


def test_a_row_gained_later_moves_as_if_it_had_always_been_there():
    rng = np.random.default_rng(0)
    whole, grown = {"w": np.zeros((3, 2))}, {"w": np.zeros((2, 2))}
    first, second = Adam(), Adam()
    for step in range(6):
        slope = rng.normal(size=(3, 2))
        if step < 3:
            slope[2] = 0.0
            second.ascend(grown, {"w": slope[:2]}, rate=0.1)
        else:
            if step == 3:
                grown["w"] = np.concatenate([grown["w"], np.zeros((1, 2))])
            second.ascend(grown, {"w": slope}, rate=0.1)
        first.ascend(whole, {"w": slope}, rate=0.1)
    np.testing.assert_array_equal(whole["w"], grown["w"])


def test_a_restored_optimiser_goes_on_exactly():
    rng = np.random.default_rng(0)
    slopes = [{"w": rng.normal(size=(2, 2))} for _ in range(8)]
    unbroken, weights = {"w": np.zeros((2, 2))}, {"w": np.zeros((2, 2))}
    adam = Adam()
    for slope in slopes:
        adam.ascend(unbroken, slope, rate=0.1)
    first, second = Adam(), Adam()
    for slope in slopes[:3]:
        first.ascend(weights, slope, rate=0.1)
    second.set_state(json.loads(json.dumps(first.get_state())))
    for slope in slopes[3:]:
        second.ascend(weights, slope, rate=0.1)
    assert weights["w"].tobytes() == unbroken["w"].tobytes()
