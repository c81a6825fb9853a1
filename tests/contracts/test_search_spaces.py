"""The exam that every registered search space sits."""

from __future__ import annotations

import json

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.costs import count
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import SEARCH_SPACES

VECTOR = FeatureSpec("vector")
IMAGES = [InputSpec(shape) for shape in ((28, 28, 1), (32, 32, 3), (8, 8, 1))]
# The inputs of spaces that are not for images.
INPUTS: dict[str, list[InputSpec]] = {
    "tabular_mlp": [InputSpec((5,), vocabularies=(3, 7)), InputSpec((4,))],
    "text": [InputSpec((12,), "int32", vocabularies=(50,))],
}

CASES = [(name, spec) for name in SEARCH_SPACES for spec in INPUTS.get(name, IMAGES)]


def each_input(test):
    """Parametrizes a test by every space with every input that it sits the exam with."""
    ids = [f"{name}-{'x'.join(map(str, spec.shape))}" for name, spec in CASES]
    return pytest.mark.parametrize(("name", "spec"), CASES, ids=ids)(test)


def each_space(test):
    """Parametrizes a test by every space with its first input."""
    first = {name: spec for name, spec in reversed(CASES)}
    return pytest.mark.parametrize(("name", "spec"), list(first.items()), ids=list(first))(test)


def example_inputs(spec, rng, count=4):
    """Random inputs as a spec describes them."""
    if spec.dtype != "float32":
        return rng.integers(0, spec.vocabularies[0], (count, *spec.shape)).astype(spec.dtype)
    x = rng.random((count, *spec.shape), dtype="float32")
    for column, size in enumerate(reversed(spec.vocabularies), start=1):
        x[:, -column] = rng.integers(0, size, count)
    return x


def architectures(grammar, count, seed=0):
    """Samples and mutations in turn."""
    rng = np.random.default_rng(seed)
    for _ in range(count // 2):
        values = grammar.sample(rng)
        yield values
        yield grammar.mutate(values, rng)


def in_numpy(value):
    """A number as NumPy's scalar; anything else as it is."""
    return np.asarray(value)[()] if isinstance(value, int | float) else value


def layers_as_json(model):
    """How each layer of a built network is made, without the input's running number."""
    return model and json.dumps([layer.get_config() for layer in model.layers[1:]])


def make(name, spec):
    space = SEARCH_SPACES[name]()
    return space, space.grammar(spec, VECTOR)


def build(space, values, spec):
    """The functional model up to the features; None: a finding that it cannot be built."""
    inputs = keras.Input(spec.shape, dtype=spec.dtype)
    try:
        return keras.Model(inputs, space.trunk(values, inputs, spec, VECTOR).main)
    except InvalidArchitectureError:
        return None


@each_input
def test_sampled_and_mutated_architectures_are_legal(name, spec):
    _, grammar = make(name, spec)
    assert all(grammar.is_legal(values) for values in architectures(grammar, 200))


@each_input
@pytest.mark.parametrize("count", [16, pytest.param(200, marks=pytest.mark.slow)])
def test_sampled_and_mutated_architectures_build(name, spec, count):
    space, grammar = make(name, spec)
    built = 0
    for values in architectures(grammar, count):
        # Symbolic: without `initialize_variables=False` the scope makes them when it ends.
        with keras.StatelessScope(initialize_variables=False):
            model = build(space, values, spec)
        if model is not None:
            built += 1
            assert len(model.output.shape) == 2
            names = [layer.name for layer in model.layers]
            assert len(set(names)) == len(names)
    keras.backend.clear_session()  # forgets the variables that nobody made
    assert built >= count // 2


@pytest.mark.slow
@each_input
def test_built_architectures_train_one_step(name, spec):
    space, grammar = make(name, spec)
    rng = np.random.default_rng(0)
    x, y = example_inputs(spec, rng), np.array([0, 1, 2, 1])
    for values in [grammar.default() or grammar.sample(rng), *architectures(grammar, 4)]:
        trunk = build(space, values, spec)
        if trunk is None:
            continue
        assert count(lambda v=values: build(space, v, spec)).parameters == trunk.count_params()
        model = keras.Sequential([trunk, keras.layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        assert np.isfinite(model.train_on_batch(x, y))


@each_input
def test_values_survive_json(name, spec):
    _, grammar = make(name, spec)
    for values in architectures(grammar, 50):
        assert json.loads(json.dumps(values)) == values


@each_space
def test_same_generator_gives_the_same_architectures(name, spec):
    _, grammar = make(name, spec)
    assert list(architectures(grammar, 20, 1)) == list(architectures(grammar, 20, 1))
    assert list(architectures(grammar, 20, 1)) != list(architectures(grammar, 20, 2))


@each_input
def test_default_is_legal(name, spec):
    _, grammar = make(name, spec)
    default = grammar.default()
    assert default is None or grammar.is_legal(default)


@each_input
def test_declared_values_are_legal_architectures(name, spec):
    _, grammar = make(name, spec)
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


@pytest.mark.parametrize("name", list(SEARCH_SPACES))
def test_config_makes_the_space_again(name):
    space = SEARCH_SPACES[name]()
    config = json.loads(json.dumps(space.get_config()))
    assert type(space)(**config).get_config() == space.get_config()


@pytest.mark.parametrize("name", list(SEARCH_SPACES))
def test_numpy_integers_as_arguments_make_the_same_space(name):
    config = SEARCH_SPACES[name]().get_config()
    sizes = {key for key, value in config.items() if type(value) is int}
    numpied = {key: np.int64(value) if key in sizes else value for key, value in config.items()}
    assert json.dumps(SEARCH_SPACES[name](**numpied).get_config()) == json.dumps(config)


@each_space
def test_numpy_numbers_build_the_same_network(name, spec):
    space, grammar = make(name, spec)
    numpied = InputSpec(
        tuple(map(np.int64, spec.shape)), spec.dtype, tuple(map(np.int64, spec.vocabularies))
    )
    for values in architectures(grammar, 4):
        with keras.StatelessScope(initialize_variables=False):
            model = build(space, values, spec)
            same = build(space, {key: in_numpy(v) for key, v in values.items()}, numpied)
        assert layers_as_json(same) == layers_as_json(model)
    keras.backend.clear_session()


@each_space
def test_recipe_is_plain(name, spec):
    space, grammar = make(name, spec)
    recipe = space.recipe(grammar.sample(np.random.default_rng(0)))
    assert json.loads(json.dumps(recipe)) == recipe
