"""ChainCnn: what is legal, what is built."""

from __future__ import annotations

from collections import Counter

import keras
import numpy as np
import pytest
from chains import SHAPES, STYLES, build, legal, make_grammar, samples

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.architecture.chain import Chain
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import ChainCnn


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", STYLES)
def test_default_is_legal_and_builds(style, shape):
    grammar = make_grammar(style, shape)
    assert grammar.is_legal(grammar.default())
    with keras.StatelessScope(initialize_variables=False):
        assert len(build(grammar.default(), shape, style=style).output.shape) == 2


@pytest.mark.parametrize("depth", range(2, 15))
@pytest.mark.parametrize("style", STYLES)
def test_every_depth_has_a_default_and_samples(style, depth):
    for shape in SHAPES:
        grammar = make_grammar(style, shape, max_depth=depth)
        assert grammar.is_legal(grammar.default())
        assert all(len(tokens) <= depth for tokens in samples(grammar, 20))


def test_true_size_is_walked_not_the_bin():
    # 15 -> 7 -> 3: from the bin's 8 it would be 8 -> 4 -> 2.
    grammar = make_grammar("metaqnn", (15, 15, 1))
    tokens = ("C(64,3,1)", "P(2,2)", "C(64,3,1)", "P(2,2)")
    model = build(Chain.values_of((*tokens, "SM")), (15, 15, 1), style="metaqnn")
    assert model.output.shape == (None, 3 * 3 * 64)
    assert grammar.options(Chain.values_of(tokens)).state[2] == 1


@pytest.mark.parametrize("style", STYLES)
def test_sampling_is_uniform_over_legal_tokens(style):
    grammar, rng = make_grammar(style), np.random.default_rng(0)
    decision = grammar.options({})
    # First tokens alone are cheap to draw; some whole walks show that these draw them too.
    first = Counter(decision.draw(rng) for _ in range(3900))
    first.update(tokens[0] for tokens in samples(grammar, 300))
    offered = legal(grammar)
    assert set(first) == set(offered)
    expected = 4200 / len(offered)
    chi_square = sum((first[token] - expected) ** 2 / expected for token in offered)
    # Mean and six standard deviations of the chi-square distribution.
    degrees = len(offered) - 1
    assert chi_square < degrees + 6 * (2 * degrees) ** 0.5


def test_config_makes_the_space_again():
    space = ChainCnn(max_depth=9, style="metaqnn")
    assert space.get_config() == {"max_depth": 9, "style": "metaqnn"}
    assert ChainCnn(**space.get_config()).get_config() == space.get_config()
    assert ChainCnn().max_depth == 14
    assert ChainCnn(style="metaqnn").max_depth == 12


@pytest.mark.parametrize("wrong", [{"style": "antique"}, {"max_depth": 1}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        ChainCnn(**wrong)


@pytest.mark.parametrize("shape", [(None, 28, 1), (28, None, 1), (3, 28, 1), (28, 2, 1), (28,)])
def test_unsuitable_inputs_are_refused(shape):
    with pytest.raises(ValueError, match="shape="):
        make_grammar(shape=shape)


def test_only_vectors_are_made():
    with pytest.raises(ValueError, match="vector"):
        ChainCnn().grammar(InputSpec((28, 28, 1)), FeatureSpec("map", stride=4))


@pytest.mark.parametrize("tokens", [("P(2,2)", "GAP"), ("C(32,3)",), ("C(999,3)", "GAP"), ()])
def test_illegal_values_are_invalid_architectures(tokens):
    with pytest.raises(InvalidArchitectureError, match="Received"):
        build(Chain.values_of(tokens), (28, 28, 1))
