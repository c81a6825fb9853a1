"""Set-selection attention: its formula by hand and its gradient by differences."""

import numpy as np
import pytest
import slopes

from autokeras_nas.controllers import anchors


def random_weights(units=3):
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(size=array.shape)
        for name, array in anchors.new_weights("k", units, 0.1).items()
    }


def test_logit_by_hand():
    weights = {
        "anchor_previous": np.array([[2.0]]),
        "anchor_current": np.array([[-1.0]]),
        "anchor_vector": np.array([3.0]),
    }
    logit = anchors.logit(weights, np.array([0.5]), np.array([0.7]))
    assert logit == pytest.approx(3.0 * np.tanh(2.0 * 0.5 - 0.7))


def test_gradient_equals_finite_differences():
    weights = random_weights()
    rng = np.random.default_rng(1)
    inputs = {"earlier": rng.normal(size=(4, 3)), "current": rng.normal(size=(4, 3))}
    wanted = rng.normal(size=4)

    def value():
        return float(wanted @ anchors.logit(weights, **inputs))

    earlier, current, gradient = anchors.logit_slopes(weights, **inputs, slopes=wanted)
    slopes.assert_equal(gradient, slopes.finite_differences(value, weights))
    by_inputs = slopes.finite_differences(value, inputs)
    slopes.assert_equal({"earlier": earlier, "current": current}, by_inputs)


def test_new_weights_have_two_matrices_and_a_vector():
    shapes = {name: w.shape for name, w in anchors.new_weights("k", 5, 0.1).items()}
    assert shapes == {
        "anchor_previous": (5, 5),
        "anchor_current": (5, 5),
        "anchor_vector": (5,),
    }
