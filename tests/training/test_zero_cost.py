"""Zero-cost scores, worked out by hand on networks small enough."""

from __future__ import annotations

import math

import keras
import keras_tuner
import numpy as np
import pytest
from keras import layers

from autokeras_nas.architecture import InputSpec, Proposal, encode
from autokeras_nas.search import NasHyperModel
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.tasks import ImageClassification, Regression
from autokeras_nas.training.zero_cost import SCORES, grad_norm, naswot, score_of, synflow

PAIR = np.zeros((1, 2), "float32")
LINE = np.array([[1.0], [3.0]], "float32")


def dense(kernel, **kwargs):
    """A dense layer without bias, of these weights."""
    kernel = np.array(kernel, "float32")
    return layers.Dense(
        kernel.shape[1],
        use_bias=False,
        kernel_initializer=lambda shape, dtype=None: keras.ops.cast(kernel, dtype),
        **kwargs,
    )


def chain(size, *parts):
    return keras.Sequential([keras.Input((size,)), *parts])


# ---- synflow --------------------------------------------------------------------------------

# Ones through |W1| are (4, 6), and R = 4 * 5 + 6 * 6 = 56, to which each layer contributes all.
FIRST, SECOND = [[1, -2], [3, 4]], [[5], [-6]]


@pytest.mark.parametrize(
    "parts",
    [
        [dense(FIRST), dense(SECOND)],
        [dense(FIRST, activation="relu"), layers.Dropout(0.9), dense(SECOND)],
        [dense(FIRST), layers.BatchNormalization(), layers.ReLU(), dense(SECOND)],
        [dense(FIRST), layers.LayerNormalization(), dense(SECOND)],
        [dense(FIRST), dense(SECOND, activation="sigmoid")],
        [dense(FIRST), dense(SECOND), layers.Activation("softmax")],
        [dense(FIRST), dense(SECOND), layers.Softmax()],
    ],
    ids=["linear", "relu", "batch norm", "layer norm", "sigmoid", "softmax", "softmax layer"],
)
def test_flow_through_two_layers_is_the_sum_over_paths_for_each(parts):
    model = chain(2, *parts)
    assert synflow(model, PAIR) == pytest.approx(math.log(2 * 56), rel=1e-6)


def test_flow_past_a_shortcut_is_not_counted():
    inputs = keras.Input((1,))
    outputs = layers.Add()([inputs, dense([[-2.0]])(inputs)])
    # R = 1 + 2, of which the weight answers for 2.
    assert synflow(keras.Model(inputs, outputs), LINE) == pytest.approx(math.log(2))


def test_flow_enters_nested_models():
    inner = chain(2, dense(FIRST), layers.BatchNormalization())
    inputs = keras.Input((2,))
    outer = keras.Model(inputs, chain(2, dense(SECOND, activation="tanh"))(inner(inputs)))
    assert synflow(outer, PAIR) == pytest.approx(math.log(2 * 56), rel=1e-6)


def test_flow_beyond_single_precision_is_finite():
    depth = 40
    model = chain(4, *(dense(np.full((4, 4), -100.0)) for _ in range(depth)))
    # Each layer multiplies by 400: R = 4 * 400 ** 40, some 1e104.
    expected = math.log(4) + depth * math.log(400) + math.log(depth)
    assert synflow(model, np.zeros((3, 4))) == pytest.approx(expected, rel=1e-6)


def test_nothing_flows_through_zeros():
    assert synflow(chain(2, dense([[0.0], [0.0]])), PAIR) == -math.inf


def test_flow_forgets_no_activation():
    model = chain(2, dense(FIRST, activation="relu"), dense(SECOND, activation="sigmoid"))
    synflow(model, PAIR)
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "sigmoid"]


# ---- NASWOT ---------------------------------------------------------------------------------

EYE = np.eye(2)
CORNERS = np.array([[1, 1], [1, -1], [-1, 1]], "float32")


@pytest.mark.parametrize(
    "rectify",
    [
        lambda: [dense(EYE, activation="relu")],
        lambda: [dense(EYE), layers.ReLU()],
        lambda: [dense(EYE), layers.Activation("gelu")],
        lambda: [dense(EYE), layers.LeakyReLU()],
    ],
    ids=["in a layer", "as a layer", "smooth", "leaky"],
)
def test_kernel_counts_units_on_which_two_examples_agree(rectify):
    # Codes 11, 10 and 01: K = [[2, 1, 1], [1, 2, 0], [1, 0, 2]], whose determinant is 4.
    assert naswot(chain(2, *rectify()), CORNERS) == pytest.approx(math.log(4))


def test_kernels_of_all_layers_add_up():
    # The second layer's only unit is active for the first example alone: K1 plus
    # [[1, 0, 0], [0, 1, 1], [0, 1, 1]] is [[3, 1, 1], [1, 3, 1], [1, 1, 3]], determinant 20.
    second = layers.Dense(
        1,
        activation="relu",
        kernel_initializer="ones",
        bias_initializer=keras.initializers.Constant(-1.5),
    )
    model = chain(2, dense(EYE, activation="relu"), second)
    assert naswot(model, CORNERS) == pytest.approx(math.log(20))


def test_equal_codes_are_the_worst():
    model = chain(2, dense(EYE, activation="relu"))
    assert naswot(model, CORNERS[[0, 0, 1]]) == -math.inf
    assert naswot(chain(2, dense(EYE)), CORNERS) == -math.inf


def test_normalization_sees_the_batch():
    # About their mean, 1 and 3 are of unequal sign: K is the unit matrix.
    model = chain(1, layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.9))
    assert naswot(model, LINE) == pytest.approx(0.0)


# ---- The norm of gradients ------------------------------------------------------------------


def compiled(model, loss="mse"):
    model.compile("sgd", loss)
    return model


def test_gradient_norm_is_that_of_the_loss():
    model = compiled(chain(2, dense([[0.0], [0.0]])))
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]], "float32"), np.ones((2, 1), "float32")
    # dL/dw = mean of 2 * (0 - 1) * x = (-4, -6).
    assert grad_norm(model, x, y) == pytest.approx(math.sqrt(52))


def test_gradient_norms_of_kernels_alone_add_up():
    model = compiled(chain(1, dense([[2.0]]), layers.Dense(1, kernel_initializer="ones")))
    # For x = 1 and y = 0 the output is 2, and dL/dout = 4: 4 for each of the two kernels' factor.
    x, y = np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")
    assert grad_norm(model, x, y) == pytest.approx(4 * 1 + 4 * 2)


def test_a_loss_is_needed():
    with pytest.raises(ValueError, match="not compiled"):
        grad_norm(chain(1, dense([[2.0]])), LINE, LINE)


# ---- All of them ----------------------------------------------------------------------------


def busy():
    """All that could leave a trace: moving averages, seeds, a loss with a regulariser."""
    keras.utils.set_random_seed(0)
    parts = [
        layers.Dense(64, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(1, activation="sigmoid"),
    ]
    return compiled(chain(2, *parts), "binary_crossentropy")


@pytest.mark.parametrize("name", SCORES)
def test_scoring_changes_nothing_and_is_repeatable(name):
    model, x = busy(), np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.variables]
    first = SCORES[name](model, x, y)
    assert math.isfinite(first) and SCORES[name](model, x, y) == first
    for value, old in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(value), old)


@pytest.mark.parametrize("name", SCORES)
def test_models_of_unknown_inputs_cannot_be_scored(name):
    model = compiled(keras.Sequential([layers.Dense(1)]))
    with pytest.raises(ValueError, match="inputs are known"):
        SCORES[name](model, LINE, LINE)


@pytest.mark.parametrize("name", SCORES)
def test_names_stand_for_scores(name):
    assert score_of(name) is SCORES[name] is score_of(SCORES[name])


def test_unknown_names_are_told_the_nearest():
    with pytest.raises(ValueError, match=r"zero-cost score.*'naswat'. Did you mean 'naswot'"):
        score_of("naswat")


SPECS = {
    "tabular_mlp": InputSpec((5,), vocabularies=(3, 7)),
    "text": InputSpec((12,), "int32", vocabularies=(50,)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEARCH_SPACES)
def test_networks_of_our_spaces_have_scores(name):
    spec = SPECS.get(name, InputSpec((8, 8, 1)))
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (16, *spec.shape)).astype(spec.dtype)
    task = Regression() if name == "tabular_mlp" else ImageClassification()
    task.fit_targets(np.arange(16) % 4)
    y = task.targets(np.arange(16) % 4)
    hypermodel = NasHyperModel(SEARCH_SPACES[name](), task, spec)
    hp = keras_tuner.HyperParameters()
    for _ in range(4):
        hp.values = dict(encode(Proposal(hypermodel.grammar.sample(rng))))
        model = hypermodel.build(hp)
        assert math.isfinite(synflow(model, x, y)) and grad_norm(model, x, y) > 0
        assert not math.isnan(naswot(model, x, y))
