"""The thirteen operations of a cell: their shapes, and what their strides leave out."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from autokeras_nas.search_spaces.cell_operations import (
    EIGHT_OPERATIONS,
    OPERATIONS,
    SMALL_OPERATIONS,
    Style,
)


def model(operation, shape=(7, 8, 4), filters=4, strides=1, style=None):
    inputs = keras.Input(shape)
    style = style or Style()
    return keras.Model(inputs, OPERATIONS[operation](style, inputs, filters, strides, "op"))


def kinds(network):
    """Short names of the layers after the input, in their order."""
    return " ".join(
        {
            layers.Activation: "relu",
            layers.Conv2D: "conv",
            layers.SeparableConv2D: "separable",
            layers.BatchNormalization: "norm",
            layers.AveragePooling2D: "average",
            layers.MaxPooling2D: "max",
            layers.ZeroPadding2D: "pad",
        }[type(layer)]
        for layer in network.layers[1:]
    )


def weighted(network, seed=0):
    """With random weights, the averages of normalization included."""
    rng = np.random.default_rng(seed)
    network.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in network.get_weights()])
    return network


def image(shape=(2, 7, 8, 4)):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def test_there_are_the_thirteen_of_the_paper():
    assert len(OPERATIONS) == 13
    assert len(EIGHT_OPERATIONS) == 8
    assert set(SMALL_OPERATIONS) | set(EIGHT_OPERATIONS) <= set(OPERATIONS)


@pytest.mark.parametrize("filters", [4, 5])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_strides_halve_the_map_rounded_up_and_filters_are_met(operation, filters):
    for size in [(7, 8), (1, 2), (32, 3)]:
        small = tuple(-(-side // 2) for side in size)
        settings = {"shape": (*size, 4), "filters": filters}
        assert model(operation, **settings).output.shape == (None, *size, filters)
        assert model(operation, **settings, strides=2).output.shape == (None, *small, filters)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("identity", ""),
        ("conv_1x1", "relu conv norm"),
        ("conv_3x3", "relu conv norm"),
        ("dilated_3x3", "relu conv norm"),
        ("conv_1x7_7x1", "relu conv norm relu conv norm"),
        ("separable_5x5", "relu separable norm relu separable norm"),
        ("average_3x3", "average"),
        ("max_7x7", "max"),
    ],
)
def test_order_in_a_convolution_is_relu_convolution_normalization(operation, expected):
    assert kinds(model(operation)) == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("identity", "relu conv norm"),
        ("average_3x3", "average conv norm"),
        ("max_5x5", "max conv norm"),
    ],
)
def test_changed_channels_take_a_1x1_convolution(operation, expected):
    assert kinds(model(operation, filters=6)) == expected


def test_strided_identity_is_a_convolution_and_strided_pooling_is_not():
    assert kinds(model("identity", strides=2)) == "relu conv norm"
    assert kinds(model("max_3x3", strides=2)) == "max"


def test_kernels_are_as_named():
    def kernels(operation):
        return [layer.kernel_size for layer in model(operation).layers if "conv" in layer.name]

    assert kernels("conv_1x3_3x1") == [(1, 3), (3, 1)]
    assert kernels("conv_1x7_7x1") == [(1, 7), (7, 1)]
    assert kernels("separable_7x7") == [(7, 7), (7, 7)]
    assert model("max_5x5").layers[-1].pool_size == (5, 5)
    assert model("dilated_3x3").get_layer("op_conv").dilation_rate == (2, 2)


def test_only_the_first_of_two_convolutions_strides():
    network = model("separable_3x3", strides=2)
    assert [network.get_layer(f"op_{x}_conv").strides for x in ("first", "second")] == [
        (2, 2),
        (1, 1),
    ]
    crossed = model("conv_1x7_7x1", strides=2)
    assert [crossed.get_layer(f"op_{x}_conv").strides for x in ("row", "column")] == [
        (1, 2),
        (2, 1),
    ]


def test_strided_dilation_takes_every_second_result():
    whole, strided = weighted(model("dilated_3x3")), weighted(model("dilated_3x3", strides=2))
    np.testing.assert_allclose(
        strided.predict(image(), verbose=0), whole.predict(image(), verbose=0)[:, ::2, ::2]
    )


@pytest.mark.parametrize(("side", "padding"), [(8, (0, 1)), (7, (1, 1))])
def test_zeros_may_count_as_pixels_of_strided_pooling(side, padding):
    x = -1 - np.abs(image((1, side, side, 1)))  # Below zero: a zero is the greatest.
    shape = (side, side, 1)
    zeros = model("max_3x3", shape, 1, 2, Style(pool_padding="zeros")).predict(x, verbose=0)
    same = model("max_3x3", shape, 1, 2).predict(x, verbose=0)
    padded = np.pad(x, ((0, 0), padding, padding, (0, 0)))
    places = range(0, padded.shape[1] - 2, 2)
    by_hand = [[padded[0, r : r + 3, c : c + 3, 0].max() for c in places] for r in places]
    np.testing.assert_allclose(zeros[0, :, :, 0], by_hand)
    assert (same < 0).all() and (zeros == 0).any()


def test_reduction_of_a_map_reads_every_second_pixel_and_those_between():
    inputs = keras.Input((5, 5, 1))
    network = keras.Model(inputs, Style().halved(inputs, 2, "op"))
    for side in (0, 1):
        network.get_layer(f"op_path_{side}_conv").set_weights([np.ones((1, 1, 1, 1))])
    x = np.arange(25, dtype="float32").reshape(1, 5, 5, 1)
    y = network.predict(x, verbose=0) * np.sqrt(1 + Style().epsilon)
    np.testing.assert_allclose(y[0, :, :, 0], [[0, 2, 4], [10, 12, 14], [20, 22, 24]], rtol=1e-5)
    np.testing.assert_allclose(y[0, :, :, 1], [[6, 8, 0], [16, 18, 0], [0, 0, 0]], rtol=1e-5)


@pytest.mark.parametrize("filters", [1, 3])
def test_reduction_meets_odd_filters(filters):
    inputs = keras.Input((4, 4, 2))
    assert Style().halved(inputs, filters, "op").shape == (None, 2, 2, filters)
