"""Gradients by finite differences."""

from __future__ import annotations

import numpy as np

STEP = 1e-5


def finite_differences(function, weights):
    """The gradient of a number by every weight, central differences, one weight at a time.

    Args:
        function: Takes nothing and depends on the weights, which are changed in place.
        weights: Arrays by name.
    """
    gradient = {name: np.zeros_like(array) for name, array in weights.items()}
    for name, array in weights.items():
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + STEP
            above = function()
            array[place] = kept - STEP
            below = function()
            array[place] = kept
            gradient[name][place] = (above - below) / (2.0 * STEP)
    return gradient


def assert_equal(gradient, expected):
    """That two gradients agree, weight by weight."""
    assert gradient.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(
            gradient[name], expected[name], rtol=1e-6, atol=1e-8, err_msg=name
        )
