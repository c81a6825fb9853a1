"""Layers that networks on tables begin with, by hand-computed numbers."""

import keras
import numpy as np
import pytest

from autokeras_nas.search_spaces.table_layers import (
    Columns,
    MemberDense,
    MemberMean,
    MemberScale,
    PeriodicEncoding,
    PiecewiseLinearEncoding,
)


def again(layer):
    config = keras.saving.serialize_keras_object(layer)
    return keras.saving.deserialize_keras_object(config)


def test_columns_are_cut_out():
    layer = Columns(1, 3)
    np.testing.assert_array_equal(again(layer)(np.arange(8.0).reshape(2, 4)), [[1, 2], [5, 6]])
    assert layer.compute_output_shape((None, 4)) == (None, 2)


def test_bins_below_are_full_and_those_above_empty():
    layer = PiecewiseLinearEncoding(2)
    # Edges: the normal quantiles of 1/8, 1/2 and 7/8, that is -1.1503, 0 and 1.1503.
    x = np.array([[0.0, 0.575175], [-1.15035, 2.3007]], "float32")
    expected = [[[1, 0], [1, 0.5]], [[0, 0], [1, 2]]]
    np.testing.assert_allclose(layer(x), expected, atol=1e-4)
    np.testing.assert_allclose(again(layer)(x), expected, atol=1e-4)


def test_outer_bins_go_on():
    encoded = np.asarray(PiecewiseLinearEncoding(4)(np.array([[-5.0], [5.0]], "float32")))
    assert encoded[0, 0, 0] < 0 and (encoded[0, 0, 1:] == 0).all()
    assert encoded[1, 0, 3] > 1 and (encoded[1, 0, :3] == 1).all()


@pytest.mark.parametrize("num_bins", [2, 8, 32])
def test_the_sum_of_bins_grows_with_the_number(num_bins):
    x = np.linspace(-4, 4, 200, dtype="float32")[:, None]
    total = np.asarray(PiecewiseLinearEncoding(num_bins)(x)).sum(axis=-1)[:, 0]
    assert (np.diff(total) > 0).all()


def test_periods_are_sines_then_cosines():
    layer = PeriodicEncoding(2, scale=1.0)
    layer.build((None, 1))
    layer.frequencies.assign([[0.25, 0.5]])
    np.testing.assert_allclose(layer(np.array([[1.0]])), [[[1, 0, 0, -1]]], atol=1e-6)
    assert layer.compute_output_shape((None, 1)) == (None, 1, 4)


def test_frequencies_begin_as_wide_as_asked():
    layer = again(PeriodicEncoding(100, scale=0.1))
    layer.build((None, 50))
    assert np.std(layer.frequencies) == pytest.approx(0.1, rel=0.1)


def test_members_scale_what_goes_into_and_out_of_one_kernel():
    layer = MemberDense(1, members=2)
    layer.build((None, 2))
    layer.kernel.assign([[1.0], [10.0]])
    layer.input_scale.assign([[1, 1], [2, -1]])
    layer.output_scale.assign([[1], [3]])
    layer.bias.assign([[0], [0.5]])
    # (1 + 2 * 10) and 3 * (2 - 2 * 10) + 0.5.
    np.testing.assert_allclose(layer(np.array([[1.0, 2.0]])), [[[21], [-53.5]]])
    np.testing.assert_allclose(layer(np.array([[[1.0, 2.0], [1.0, 0.0]]])), [[[21], [6.5]]])


def test_members_begin_with_other_signs_where_they_are_to_differ():
    for diverse, expected in [(True, {-1.0, 1.0}), (False, {1.0})]:
        layer = again(MemberDense(3, members=4, diverse=diverse))
        layer.build((None, 50))
        assert set(np.asarray(layer.input_scale).ravel().tolist()) == expected
        assert (np.asarray(layer.output_scale) == 1).all()


def test_members_are_weighed_and_averaged():
    x = np.array([[[1.0, 2.0], [3.0, 6.0]]], "float32")
    scale = again(MemberScale())
    np.testing.assert_array_equal(scale(x), x)
    scale.scale.assign([[1, 0], [2, 1]])
    np.testing.assert_array_equal(scale(x), [[[1, 0], [6, 6]]])
    np.testing.assert_array_equal(again(MemberMean())(x), [[2, 4]])
