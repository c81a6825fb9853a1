"""TabularMlp: what is decided for which columns, and what is built of it."""

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import SEARCH_SPACES, TabularMlp

VECTOR = FeatureSpec("vector")
MIXED = InputSpec((5,), vocabularies=(3, 100))
NUMBERS = InputSpec((4,))
CATEGORIES = InputSpec((2,), vocabularies=(3, 7))


def built(values, spec=MIXED, space=None):
    """The functional model of the default with other values."""
    space = space or TabularMlp()
    grammar = space.grammar(spec, VECTOR)
    values = grammar.complete({**grammar.default(), **values}, np.random.default_rng(0))
    values = {decision.name: values[decision.name] for decision in grammar.decisions(values)}
    inputs = keras.Input(spec.shape, name="features")
    return keras.Model(inputs, space.trunk(values, inputs, spec, VECTOR).main)


def names(model):
    return [layer.name for layer in model.layers]


def test_it_is_registered():
    assert SEARCH_SPACES["tabular_mlp"] is TabularMlp


@pytest.mark.parametrize(
    ("spec", "absent"),
    [(NUMBERS, {"largest_embedding"}), (CATEGORIES, {"numbers", "encoding", "column_width"})],
)
def test_nothing_is_decided_of_columns_that_are_not_there(spec, absent):
    grammar = TabularMlp().grammar(spec, VECTOR)
    default = grammar.default()
    assert grammar.is_legal(default)
    assert not absent & set(default)
    assert {"block", "depth", "width", "learning_rate"} <= set(default)
    assert len(built({}, spec).output.shape) == 2


def test_settings_of_an_encoding_go_with_it():
    grammar = TabularMlp().grammar(MIXED, VECTOR)
    for numbers, expected in [
        ("plain", set()),
        ("piecewise", {"encoding"}),
        ("piecewise_dense", {"encoding", "column_width"}),
        ("periodic", {"encoding", "column_width", "frequency_scale"}),
    ]:
        values = grammar.complete({"numbers": numbers}, np.random.default_rng(0))
        assert {"encoding", "column_width", "frequency_scale"} & set(values) == expected


def test_embeddings_follow_the_vocabulary_up_to_a_limit():
    model = built({"largest_embedding": 16})
    tables = {layer.name: layer.embeddings.shape for layer in model.layers
              if isinstance(layer, keras.layers.Embedding)}  # fmt: skip
    assert tables == {"category_00_embedding": (3, 2), "category_01_embedding": (100, 16)}


def test_categories_reach_their_own_embedding():
    spec = InputSpec((3,), vocabularies=(4, 6))
    model = built({"numbers": "plain"}, spec)
    inner = keras.Model(model.input, model.get_layer("columns").output)
    joined = inner.predict(np.array([[0.5, 3, 5]], "float32"), verbose=0)[0]
    first = np.asarray(model.get_layer("category_00_embedding").embeddings)[3]
    second = np.asarray(model.get_layer("category_01_embedding").embeddings)[5]
    np.testing.assert_allclose(joined, [0.5, *first, *second])


def test_piecewise_numbers_enter_bin_by_bin():
    model = built({"numbers": "piecewise", "encoding": 16}, NUMBERS)
    assert model.get_layer("columns").output.shape == (None, 4 + 4 * 16)


@pytest.mark.parametrize("numbers", ["piecewise_dense", "periodic"])
def test_encoded_numbers_stand_beside_themselves(numbers):
    model = built({"numbers": numbers, "encoding": 16, "column_width": 4}, NUMBERS)
    inner = keras.Model(model.input, model.get_layer("columns").output)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    joined = inner.predict(x, verbose=0)
    assert joined.shape == (2, 4 + 4 * 4)
    np.testing.assert_array_equal(joined[:, :4], x)


def test_plain_blocks_are_one_after_the_other():
    values = {"block": "plain", "depth": 2, "width": 64, "normalization": "layer", "members": 1}
    model = built(values, NUMBERS)
    assert names(model)[-8:] == [
        f"block_0{k}_{part}" for k in (0, 1) for part in ("dense", "norm", "activation", "dropout")
    ]
    assert model.output.shape == (None, 64)


def test_residual_blocks_keep_their_input():
    values = {"block": "residual", "depth": 3, "width": 32, "normalization": "batch"}
    model = built({**values, "members": 1})
    assert [name for name in names(model) if name.endswith("_add")] == [
        "block_00_add", "block_01_add", "block_02_add",
    ]  # fmt: skip
    assert model.get_layer("block_00_dense_1").units == 64
    assert names(model)[-2:] == ["last_norm", "last_activation"]


@pytest.mark.parametrize("block", ["plain", "residual"])
def test_features_are_the_mean_of_the_members(block):
    grammar = TabularMlp().grammar(MIXED, VECTOR)
    values = {**grammar.default(), "block": block, "width": 32, "members": 8}
    inputs = keras.Input(MIXED.shape)
    features = TabularMlp().trunk(values, inputs, MIXED, VECTOR)
    assert features.members.shape == (None, 8, 32)
    model = keras.Model(inputs, [features.main, features.members])
    x = np.abs(np.random.default_rng(0).normal(size=(6, 5))).clip(max=2).astype("float32")
    main, members = model.predict(x, verbose=0)
    np.testing.assert_allclose(main, members.mean(axis=1), rtol=1e-5, atol=1e-6)
    assert members.std(axis=1).max() > 0  # They differ from the beginning.


def test_a_lone_network_has_no_members():
    grammar = TabularMlp().grammar(MIXED, VECTOR)
    values = {**grammar.default(), "members": 1}
    assert TabularMlp().trunk(values, keras.Input(MIXED.shape), MIXED, VECTOR).members is None


def test_without_normalization_there_is_none():
    for block in ("plain", "residual"):
        model = built({"block": block, "normalization": "none"})
        assert not [name for name in names(model) if name.endswith("norm")]


def test_weights_are_inherited_by_place():
    small, large = (built({"block": "plain", "depth": depth}) for depth in (2, 4))
    assert set(names(small)[1:]) <= set(names(large))  # The input's name is Keras's.


def test_learning_rate_and_decay_are_of_the_genome():
    space = TabularMlp()
    values = space.grammar(MIXED, VECTOR).default()
    assert space.recipe(values) == {
        "learning_rate": values["learning_rate"],
        "weight_decay": values["weight_decay"],
    }


def test_limits_bound_the_choices():
    grammar = TabularMlp(max_depth=1, max_width=64).grammar(MIXED, VECTOR)
    for seed in range(30):
        values = grammar.sample(np.random.default_rng(seed))
        assert values["depth"] == 1 and values["width"] <= 64
    assert grammar.is_legal(grammar.default())


@pytest.mark.parametrize("arguments", [{"max_depth": 0}, {"max_width": 63}])
def test_limits_below_the_least_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        TabularMlp(**arguments)


@pytest.mark.parametrize(
    ("spec", "interface", "message"),
    [
        (InputSpec((28, 28, 1)), VECTOR, "rows"),
        (InputSpec((None,)), VECTOR, "rows"),
        (InputSpec((9,), "int32", (100,)), VECTOR, "float32"),
        (MIXED, FeatureSpec("map", 8), "vector"),
    ],
)
def test_what_is_no_table_is_refused(spec, interface, message):
    with pytest.raises(ValueError, match=message):
        TabularMlp().grammar(spec, interface)


def test_values_of_another_grammar_are_a_finding():
    values = TabularMlp().grammar(MIXED, VECTOR).default()
    with pytest.raises(InvalidArchitectureError, match="same inputs"):
        TabularMlp().trunk(values, keras.Input((4,)), NUMBERS, VECTOR)
