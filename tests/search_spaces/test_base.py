"""The contract of a search space, on a toy leaf."""

import json

import keras
import pytest

from autokeras_nas.architecture import Features, FeatureSpec, InputSpec
from autokeras_nas.architecture.chain import Chain
from autokeras_nas.registry import Registry
from autokeras_nas.search_spaces.base import SEARCH_SPACES, SearchSpace

VECTOR = FeatureSpec("vector")


class Dense(SearchSpace):
    """Dense layers of one width, at most `longest`."""

    def __init__(self, longest: int, *, units: int = 4, activation: str = "relu"):
        self.longest = longest
        self.units = units
        self.activation = activation

    def grammar(self, input_spec, interface):
        def choices(prefix):
            return ["end"] if len(prefix) == self.longest else ["dense", "end"]

        return Chain(choices, terminals=("end",), longest=self.longest + 1)

    def trunk(self, values, inputs, input_spec, interface):
        x = inputs  # (batch, columns)
        for name, value in values.items():
            if value == "dense":
                x = keras.layers.Dense(self.units, self.activation, name=name)(x)
        return Features(x)


class Bare(Dense):
    """A leaf without arguments."""

    def __init__(self):
        super().__init__(2)


def test_spaces_register_themselves_as_search_spaces():
    assert isinstance(SEARCH_SPACES, Registry)
    assert SEARCH_SPACES.kind == "search space"
    assert all(issubclass(space, SearchSpace) for space in SEARCH_SPACES.values())


@pytest.mark.parametrize(
    ("space", "config"),
    [
        (Dense(3), {"longest": 3, "units": 4, "activation": "relu"}),
        (Dense(1, units=8), {"longest": 1, "units": 8, "activation": "relu"}),
        (Bare(), {}),
    ],
)
def test_config_is_the_arguments_of_the_constructor(space, config):
    assert space.get_config() == config


def test_config_makes_the_same_space_again():
    space = Dense(3, units=8, activation="tanh")
    again = Dense(**json.loads(json.dumps(space.get_config())))
    assert vars(again) == vars(space)


def test_argument_that_was_not_kept_is_named():
    class Forgetful(Dense):
        def __init__(self, forgotten=1):
            super().__init__(2)

    with pytest.raises(AttributeError, match="forgotten"):
        Forgetful().get_config()


def test_contract_has_two_hooks_that_leaves_must_fill():
    assert SearchSpace.__abstractmethods__ == {"grammar", "trunk"}


@pytest.mark.parametrize("hook", ["grammar", "trunk"])
def test_space_that_lacks_a_hook_cannot_be_made(hook):
    leaf = type("Leaf", (Dense,), {hook: getattr(SearchSpace, hook)})
    with pytest.raises(TypeError, match=hook):
        leaf(3)


def test_abstract_space_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        SearchSpace()


@pytest.mark.parametrize("values", [{}, {"layer_00": "dense", "layer_01": "end"}])
def test_architectures_carry_no_training_settings_by_default(values):
    assert Dense(3).recipe(values) == {}


def test_default_recipe_is_fresh_at_each_call():
    space = Dense(3)
    space.recipe({})["learning_rate"] = 1.0
    assert space.recipe({}) == {}


def test_leaf_builds_what_its_grammar_says():
    space = Dense(3, units=6)
    grammar = space.grammar(InputSpec((5,)), VECTOR)
    inputs = keras.Input((5,))
    features = space.trunk(
        grammar.values_of(("dense", "dense", "end")), inputs, InputSpec((5,)), VECTOR
    )
    assert features.main.shape == (None, 6)
    assert len(keras.Model(inputs, features.main).layers) == 3
