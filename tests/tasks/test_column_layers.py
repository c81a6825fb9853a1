"""Layers on raw columns, by hand-computed numbers."""

import keras
import numpy as np

from autokeras_nas.tasks.column_layers import ColumnCurves, NumberLookup

NAN = np.nan


def again(layer):
    config = keras.saving.serialize_keras_object(layer)
    return keras.saving.deserialize_keras_object(config)


def test_curves_run_from_knot_to_knot_and_are_constant_beyond():
    layer = ColumnCurves([10.0, 0.0], [2.0, 1.0], [[-1, 1], [0, 1, 3]], [[-1, 1], [5, 6, 10]])
    x = np.array([[10, -7], [11, 0.5], [99, 2], [-99, 4]], "float32")
    expected = [[0, 5], [0.5, 5.5], [1, 8], [-1, 10]]
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
    np.testing.assert_allclose(again(layer)(x), expected, atol=1e-6)


def test_missing_numbers_are_zero_and_told():
    layer = ColumnCurves([1.0, 1.0], [1.0, 1.0], [[-9, 9]] * 2, [[-9, 9]] * 2, indicators=[1])
    x = np.array([[NAN, NAN], [3, 4]], "float32")
    np.testing.assert_allclose(layer(x), [[0, 0, 1], [2, 3, 0]])
    assert layer.compute_output_shape((None, 2)) == (None, 3)


def test_a_curve_of_one_knot_is_constant():
    layer = ColumnCurves([0.0], [1.0], [[4.0]], [[0.25]])
    np.testing.assert_allclose(layer(np.array([[-8.0], [8.0]])), [[0.25], [0.25]])


def test_large_numbers_keep_their_differences():
    layer = ColumnCurves([1e6], [1.0], [[-10, 10]], [[-10, 10]])
    np.testing.assert_allclose(layer(np.array([[1e6 + 1], [1e6 + 2]], "float32")), [[1], [2]])


def test_known_numbers_are_counted_from_one():
    layer = NumberLookup([2, 0], [[1.0, 3.0, 7.0], [0.0, 2.0]])
    x = np.array([[2, 99, 3], [0, 99, 8], [NAN, 99, 1]], "float32")
    expected = [[2, 2], [0, 1], [1, 0]]
    np.testing.assert_array_equal(layer(x), expected)
    np.testing.assert_array_equal(again(layer)(x), expected)
