"""FlatAdamW: the same updates as Keras's AdamW, from one vector of state."""

import keras
import numpy as np
import pytest

from autokeras_nas.training import FlatAdamW

RNG = np.random.default_rng(0)
SHAPES = [(3, 4), (4,), (), (2, 1, 5)]


def variables():
    rng = np.random.default_rng(1)
    return [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in SHAPES]


def gradients(steps):
    return [[RNG.normal(size=shape).astype("float32") for shape in SHAPES] for _ in range(steps)]


def after(optimizer, steps):
    """The variables' values after steps with these gradients."""
    trained = variables()
    for grads in steps:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads], trained)
    return [keras.ops.convert_to_numpy(variable) for variable in trained]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"global_clipnorm": 0.7, "weight_decay": 0.01},
    ],
)
def test_updates_equal_those_of_keras(settings):
    steps = gradients(7)
    ours = after(FlatAdamW(0.05, **settings), steps)
    theirs = after(keras.optimizers.AdamW(0.05, **{"weight_decay": 0.0, **settings}), steps)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


def test_first_step_by_hand():
    # m = g / 10, v = g^2 / 1000; corrected for their start at zero, m / sqrt(v) is the sign.
    weight = keras.Variable([2.0, -3.0])
    FlatAdamW(0.1, weight_decay=0.5).apply([keras.ops.convert_to_tensor([4.0, -7.0])], [weight])
    expected = [2.0 - 0.1 * (1 + 0.5 * 2.0), -3.0 - 0.1 * (-1 - 0.5 * 3.0)]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5)


def test_a_variable_without_gradient_stays_as_it_is():
    weights = [keras.Variable([1.0]), keras.Variable([1.0])]
    optimizer = FlatAdamW(0.1, weight_decay=0.5)
    optimizer.apply([keras.ops.convert_to_tensor([1.0]), None], weights)
    assert float(weights[1][0]) == 1.0
    assert float(weights[0][0]) < 1.0


def test_no_gradient_at_all_is_an_error():
    with pytest.raises(ValueError, match="No variable has a gradient"):
        FlatAdamW().apply([None], [keras.Variable([1.0])])


def test_excluded_variables_do_not_decay():
    weights = [keras.Variable([1.0], name="kernel"), keras.Variable([1.0], name="bias")]
    optimizer = FlatAdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([keras.ops.zeros((1,)), keras.ops.zeros((1,))], weights)
    np.testing.assert_allclose([float(w[0]) for w in weights], [0.95, 1.0], rtol=1e-6)


def test_constraints_hold_after_each_step():
    layer = keras.layers.Dense(1, kernel_constraint="non_neg", kernel_initializer="zeros")
    layer.build((None, 2))
    gradient = keras.ops.ones((2, 1))
    FlatAdamW(0.1).apply([gradient, keras.ops.ones((1,))], layer.trainable_variables)
    assert (keras.ops.convert_to_numpy(layer.kernel) == 0.0).all()


def test_its_state_is_two_vectors_whatever_the_network():
    model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(10))])
    optimizer = FlatAdamW()
    optimizer.build(model.trainable_variables)
    shapes = [tuple(v.shape) for v in optimizer.variables if len(v.shape)]
    assert shapes == [(model.count_params(),)] * 2


def test_it_trains_saves_and_goes_on_from_its_state(tmp_path):
    keras.utils.set_random_seed(0)
    x = RNG.normal(size=(64, 4)).astype("float32")
    y = x @ np.array([[1.0], [-2.0], [0.5], [0.0]], "float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(FlatAdamW(0.05, weight_decay=1e-4), "mse")
    losses = model.fit(x, y, epochs=30, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    for one in (model, again):
        one.fit(x, y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], again.get_weights()[0], rtol=1e-5)


def test_configuration_makes_an_equal_one():
    optimizer = FlatAdamW(0.02, 0.3, 0.8, 0.95, 1e-5, 2.0, name="mine")
    config = optimizer.get_config()
    assert FlatAdamW.from_config(config).get_config() == config
    assert config["beta_2"] == 0.95 and config["global_clipnorm"] == 2.0


def test_loss_scaling_of_mixed_precision_cancels():
    steps = gradients(3)
    scaled = FlatAdamW(0.05)
    scaled.loss_scale_factor = 8.0
    large = [[8.0 * g for g in grads] for grads in steps]
    for one, other in zip(after(FlatAdamW(0.05), steps), after(scaled, large), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
