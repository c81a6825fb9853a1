"""The text space: its kinds, their decisions, and what they must not see."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import SEARCH_SPACES, Text
from autokeras_nas.search_spaces.text_networks import NETWORKS
from autokeras_nas.training import Recipe

SPEC = InputSpec((6,), "int32", vocabularies=(20,))
VECTOR = FeatureSpec("vector")


def architecture(kind, **decisions):
    grammar = Text([kind]).grammar(SPEC, VECTOR)
    own = {f"{kind}_{name}": value for name, value in decisions.items()}
    return {**grammar.default(), **own}


def model_of(values, spec=SPEC):
    inputs = keras.Input(spec.shape, dtype=spec.dtype)
    return keras.Model(inputs, Text().trunk(values, inputs, spec, VECTOR).main)


def test_it_is_registered():
    assert SEARCH_SPACES["text"] is Text


def test_the_default_is_a_bag():
    values = Text().grammar(SPEC, VECTOR).default()
    assert values == architecture("bag")
    names = [layer.name for layer in model_of(values).layers[1:]]
    assert names == ["bag"]


def test_only_decisions_of_the_chosen_kind_are_made():
    grammar = Text().grammar(SPEC, VECTOR)
    rng = np.random.default_rng(0)
    for values in [grammar.sample(rng) for _ in range(50)]:
        kind = values["kind"]
        own = {f"{kind}_{name}" for name in NETWORKS[kind].decisions}
        assert values.keys() == {"kind", *own}


def test_kinds_can_be_left_out():
    grammar = Text(["transformer", "bag"]).grammar(SPEC, VECTOR)
    assert grammar.default()["kind"] == "transformer"
    rng = np.random.default_rng(0)
    assert {grammar.sample(rng)["kind"] for _ in range(30)} == {"transformer", "bag"}


@pytest.mark.parametrize("kind", NETWORKS)
def test_each_kind_carries_its_recipe(kind):
    recipe = Text().recipe(architecture(kind))
    assert recipe == NETWORKS[kind].recipe
    assert Recipe(**recipe).learning_rate <= 1e-3


@pytest.mark.parametrize("kinds", [[], ["bag", "lstm"]])
def test_unknown_kinds_are_refused(kinds):
    with pytest.raises(ValueError, match="`kinds` must be some of"):
        Text(kinds)


def test_foreign_values_are_refused():
    with pytest.raises(InvalidArchitectureError, match="no architecture of this search space"):
        model_of({**architecture("bag"), "bag_width": 7})


@pytest.mark.parametrize("spec", [InputSpec((8, 8, 1)), InputSpec((4,))])
def test_inputs_that_are_no_texts_are_refused(spec):
    with pytest.raises(ValueError, match="numbers of words"):
        Text().grammar(spec, VECTOR)


def test_only_vectors_are_offered():
    with pytest.raises(ValueError, match="vector of features"):
        Text().grammar(SPEC, FeatureSpec("map"))
