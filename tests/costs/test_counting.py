"""Costs, against figures worked out by hand."""

import random

import keras
import pytest

from autokeras_nas.costs import Costs, count, count_model

layers = keras.layers


def flops(shape, *parts):
    return count(lambda: keras.Sequential([keras.Input(shape), *[part() for part in parts]])).flops


def test_dense_costs_two_flops_per_weight():
    costs = count(lambda: keras.Sequential([keras.Input((3,)), layers.Dense(5)]))
    assert costs == Costs(parameters=20, trainable_parameters=20, flops=2 * 3 * 5, bytes=80)


def test_dense_is_applied_at_every_position():
    assert flops((7, 3), lambda: layers.Dense(5)) == 7 * 30


@pytest.mark.parametrize(
    ("arguments", "positions"),
    [
        ({"padding": "same"}, 8 * 8),
        ({"padding": "valid"}, 6 * 6),
        ({"padding": "same", "strides": 2}, 4 * 4),
        ({"padding": "valid", "strides": 2}, 3 * 3),
    ],
)
def test_convolution_costs_its_kernel_at_every_output_position(arguments, positions):
    measured = flops((8, 8, 2), lambda: layers.Conv2D(4, 3, **arguments))
    assert measured == 2 * (3 * 3 * 2 * 4) * positions


def test_groups_divide_the_cost():
    measured = flops((8, 8, 4), lambda: layers.Conv2D(4, 3, padding="same", groups=2))
    assert measured == 2 * (3 * 3 * 2 * 4) * 64


def test_separable_convolution_costs_both_kernels():
    measured = flops((8, 8, 2), lambda: layers.SeparableConv2D(4, 3, strides=2, padding="same"))
    assert measured == 2 * (3 * 3 * 2 + 2 * 4) * 16


def test_depthwise_convolution():
    measured = flops((8, 8, 2), lambda: layers.DepthwiseConv2D(3, padding="same"))
    assert measured == 2 * (3 * 3 * 2) * 64


def test_transposed_convolution_costs_its_kernel_at_every_input_position():
    measured = flops((4, 4, 2), lambda: layers.Conv2DTranspose(3, 2, strides=2))
    assert measured == 2 * (2 * 2 * 2 * 3) * 16


def test_recurrent_layer_costs_every_step():
    kernels = 3 * 4 * 5 + 5 * 4 * 5
    assert flops((7, 3), lambda: layers.LSTM(5)) == 2 * kernels * 7
    assert flops((7, 3), lambda: layers.Bidirectional(layers.LSTM(5))) == 2 * 2 * kernels * 7


def test_time_distributed_layer_costs_every_step():
    measured = flops((6, 8, 8, 2), lambda: layers.TimeDistributed(layers.Conv2D(4, 3)))
    assert measured == 6 * 2 * (3 * 3 * 2 * 4) * 36


def test_attention_costs_its_four_projections():
    def build():
        x = keras.Input((7, 6))
        return keras.Model(x, layers.MultiHeadAttention(num_heads=2, key_dim=3)(x, x))

    assert count(build).flops == 4 * 2 * (6 * 2 * 3) * 7


def test_convolutional_recurrent_layer_costs_every_step_and_place():
    measured = flops((5, 8, 8, 2), lambda: layers.ConvLSTM2D(3, 3, padding="same"))
    assert measured == 2 * (3 * 3 * 2 * 12 + 3 * 3 * 3 * 12) * 5 * 64


def test_kernel_of_a_layer_that_holds_another_layer_is_counted():
    assert flops((3,), lambda: layers.Dense(5, activation=layers.ReLU())) == 30
    assert flops((7, 3), lambda: layers.TimeDistributed(layers.Dense(5))) == 7 * 30


@pytest.mark.parametrize(("equation", "shape"), [("...d,dk->...k", 5), ("btd,dk->btk", (7, 5))])
def test_einsum_costs_its_kernel_at_every_position(equation, shape):
    assert flops((7, 3), lambda: layers.EinsumDense(equation, output_shape=shape)) == 7 * 30


def test_channels_first():
    arguments = {"padding": "same", "data_format": "channels_first"}
    measured = flops((2, 8, 8), lambda: layers.Conv2D(4, 3, **arguments))
    assert measured == 2 * (3 * 3 * 2 * 4) * 64


def test_what_has_no_kernel_costs_nothing():
    parts = [layers.BatchNormalization, layers.ReLU, layers.MaxPooling2D, layers.Flatten]
    assert flops((8, 8, 2), *parts) == 0
    assert flops((9,), lambda: layers.Embedding(10, 4)) == 0


def nested():
    inner_input = keras.Input((None, None, 2))
    inner = keras.Model(inner_input, layers.Conv2D(2, 3, padding="same")(inner_input))
    x = keras.Input((8, 8, 2))
    y = layers.MaxPooling2D()(inner(x))
    return keras.Model(x, inner(y))


def test_nested_model_is_entered_with_the_shapes_of_each_call():
    costs = count(nested)
    assert costs.flops == 2 * (3 * 3 * 2 * 2) * (64 + 16)
    assert costs.parameters == 3 * 3 * 2 * 2 + 2


def test_shared_layer_costs_flops_twice_and_parameters_once():
    def build():
        x, dense = keras.Input((4,)), layers.Dense(4, use_bias=False)
        return keras.Model(x, dense(dense(x)))

    assert count(build) == Costs(16, 16, 2 * 2 * 16, 64)


class Block(layers.Layer):
    """A layer made of layers, one of them called twice."""

    def __init__(self):
        super().__init__()
        self.convolution = layers.Conv2D(2, 3, padding="same")
        self.head = keras.Sequential([layers.Flatten(), layers.Dense(3)])

    def build(self, input_shape):
        self.convolution.build(input_shape)
        self.head.build((None, 4 * 4 * 2) if len(input_shape) == 2 else input_shape)

    def call(self, x):
        return self.head(self.convolution(self.convolution(x)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 3)


def test_layers_within_a_layer_are_counted_at_each_call():
    measured = flops((4, 4, 2), Block)
    assert measured == 2 * 2 * (3 * 3 * 2 * 2) * 16 + 2 * (32 * 3)


def test_counting_leaves_a_layer_made_of_layers_as_it_was():
    model = keras.Sequential([keras.Input((4, 4, 2)), Block()])
    assert count_model(model) == count_model(model)
    assert "call" not in model.layers[0].convolution.__dict__


@pytest.mark.parametrize("build", [nested, lambda: keras.Sequential([keras.Input((3,)), *few()])])
def test_parameters_are_those_of_the_built_model(build):
    model = build()
    costs = count(build)
    assert costs.parameters == model.count_params()
    assert costs == count_model(model)


def few():
    return [layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)]


def test_moving_statistics_are_not_trainable():
    costs = count(lambda: keras.Sequential([keras.Input((3,)), layers.BatchNormalization()]))
    assert (costs.parameters, costs.trainable_parameters) == (12, 6)


def test_half_precision_weights_take_half_the_bytes():
    for dtype, size in [("float64", 8), ("float32", 4), ("bfloat16", 2), ("mixed_float16", 4)]:
        build = lambda d=dtype: keras.Sequential([keras.Input((3,)), layers.Dense(5, dtype=d)])  # noqa: E731
        assert count(build).bytes == 20 * size


def test_free_length_leaves_flops_unknown():
    assert flops((None, 3), lambda: layers.Dense(5)) is None


def test_counting_makes_no_variables():
    kept = []

    def build():
        kept.append(keras.Sequential([keras.Input((3,)), layers.Dense(5)]))
        return kept[0]

    count(build)
    # A scope that initialises on exit must not find them either.
    with keras.StatelessScope():
        pass
    assert all(weight._value is None for weight in kept[0].weights)


def test_counting_moves_neither_names_nor_random_numbers():
    def name():
        return keras.Sequential([keras.Input((3,)), layers.Dense(5)]).layers[0].name

    keras.utils.clear_session()
    random.seed(3)
    first = name(), random.random()
    keras.utils.clear_session()
    random.seed(3)
    count(nested)
    count(lambda: keras.Sequential([keras.Input((3,)), layers.Dense(5)]))
    assert (name(), random.random()) == first


def test_a_built_model_keeps_its_weights():
    model = keras.Sequential([keras.Input((3,)), *few()])
    before = model.get_weights()
    count_model(model)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_errors_say_what_to_do():
    with pytest.raises(TypeError, match="call `count_model`"):
        count(keras.Sequential([keras.Input((3,))]))
    with pytest.raises(TypeError, match="Return a `keras.Model`"):
        count(lambda: 3)
    with pytest.raises(ValueError, match="begin it with `keras.Input`"):
        count(lambda: keras.Sequential([layers.Dense(3)]))


def test_error_within_build_leaves_keras_as_it_was():
    def build():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        count(build)
    assert keras.Sequential([keras.Input((3,)), layers.Dense(5)]).weights[0]._value is not None


@pytest.mark.slow
def test_nasnet_mobile_costs_what_its_paper_says():
    costs = count(lambda: keras.applications.NASNetMobile(weights=None))
    assert costs.parameters == 5_326_716
    assert costs.trainable_parameters == 5_289_978
    # 564 million multiply-adds in the paper.
    assert costs.flops / 2 == pytest.approx(564e6, rel=0.02)


def test_a_model_that_comes_compiled_is_counted_and_compiling_goes_on():
    def build():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("adam", "mse", metrics=["mae"])
        return model

    assert count(build).parameters == 8
    assert build().compiled
