"""The exam that every registered search space sits."""

from __future__ import annotations

import json

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import SEARCH_SPACES

SHAPES = [(28, 28, 1), (32, 32, 3), (8, 8, 1)]
VECTOR = FeatureSpec("vector")

pytestmark = pytest.mark.parametrize("name", list(SEARCH_SPACES))


def architectures(grammar, count, seed=0):
    """Samples and mutations in turn."""
    rng = np.random.default_rng(seed)
    for _ in range(count // 2):
        values = grammar.sample(rng)
        yield values
        yield grammar.mutate(values, rng)


def make(name, shape):
    space = SEARCH_SPACES[name]()
    return space, space.grammar(InputSpec(shape), VECTOR)


def build(space, values, shape):
    """The functional model up to the features; None: a finding that it cannot be built."""
    inputs = keras.Input(shape)
    try:
        return keras.Model(inputs, space.trunk(values, inputs, VECTOR).main)
    except InvalidArchitectureError:
        return None


@pytest.mark.parametrize("shape", SHAPES)
def test_sampled_and_mutated_architectures_are_legal(name, shape):
    _, grammar = make(name, shape)
    assert all(grammar.is_legal(values) for values in architectures(grammar, 200))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [16, pytest.param(200, marks=pytest.mark.slow)])
def test_sampled_and_mutated_architectures_build(name, shape, count):
    space, grammar = make(name, shape)
    built = 0
    for values in architectures(grammar, count):
        # Symbolic: without `initialize_variables=False` the scope makes them when it ends.
        with keras.StatelessScope(initialize_variables=False):
            model = build(space, values, shape)
        if model is not None:
            built += 1
            assert len(model.output.shape) == 2
            names = [layer.name for layer in model.layers]
            assert len(set(names)) == len(names)
    keras.backend.clear_session()  # forgets the variables that nobody made
    assert built >= count // 2


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_built_architectures_train_one_step(name, shape):
    space, grammar = make(name, shape)
    rng = np.random.default_rng(0)
    x, y = rng.random((4, *shape), dtype="float32"), np.array([0, 1, 2, 1])
    for values in [grammar.default() or grammar.sample(rng), *architectures(grammar, 4)]:
        trunk = build(space, values, shape)
        if trunk is None:
            continue
        model = keras.Sequential([trunk, keras.layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        assert np.isfinite(model.train_on_batch(x, y))


@pytest.mark.parametrize("shape", SHAPES)
def test_values_survive_json(name, shape):
    _, grammar = make(name, shape)
    for values in architectures(grammar, 50):
        assert json.loads(json.dumps(values)) == values


def test_same_generator_gives_the_same_architectures(name):
    _, grammar = make(name, SHAPES[0])
    assert list(architectures(grammar, 20, 1)) == list(architectures(grammar, 20, 1))
    assert list(architectures(grammar, 20, 1)) != list(architectures(grammar, 20, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_default_is_legal(name, shape):
    _, grammar = make(name, shape)
    default = grammar.default()
    assert default is None or grammar.is_legal(default)


@pytest.mark.parametrize("shape", SHAPES)
def test_declared_values_are_legal_architectures(name, shape):
    _, grammar = make(name, shape)
    hp = keras_tuner.HyperParameters()
    try:
        grammar.declare(hp)
    except NotImplementedError:
        pytest.skip("this space cannot be declared")
    for seed in range(50):
        hp.values = {}
        for position, entry in enumerate(hp.space):
            if hp.is_active(entry):
                hp.values[entry.name] = entry.random_sample(1000 * seed + position)
        assert grammar.is_legal(grammar.declared(hp.values))


def test_config_makes_the_space_again(name):
    space = SEARCH_SPACES[name]()
    config = json.loads(json.dumps(space.get_config()))
    assert type(space)(**config).get_config() == space.get_config()


def test_recipe_is_plain(name):
    space, grammar = make(name, SHAPES[0])
    recipe = space.recipe(grammar.sample(np.random.default_rng(0)))
    assert json.loads(json.dumps(recipe)) == recipe
