"""ChainCnn: what is legal, what is built."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.architecture.chain import Chain
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.search_spaces import ChainCnn

VECTOR = FeatureSpec("vector")
STYLES = ("modern", "metaqnn")
SHAPES = [(28, 28, 1), (32, 32, 3), (8, 8, 1), (4, 4, 2), (5, 40, 7), (96, 64, 3)]


def make_grammar(style="modern", shape=(28, 28, 1), **kwargs):
    return ChainCnn(style=style, **kwargs).grammar(InputSpec(shape), VECTOR)


def samples(grammar, count=200, seed=0):
    rng = np.random.default_rng(seed)
    return [tuple(grammar.sample(rng).values()) for _ in range(count)]


def legal(grammar, *tokens):
    return [choice.value for choice in grammar.options(Chain.values_of(tokens)).choices]


def numbers(token):
    return [int(n) for n in re.findall(r"\d+", token)]


def kinds(tokens):
    return [token.partition("(")[0] for token in tokens]


def build(values, shape, **kwargs):
    inputs = keras.Input(shape)
    features = ChainCnn(**kwargs).trunk(values, inputs, InputSpec(tuple(inputs.shape[1:])), VECTOR)
    return keras.Model(inputs, features.main)


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


@pytest.mark.parametrize(
    ("shape", "tokens"),
    [
        ((32, 32, 3), "C(16,3) P(2,2) C(32,3) C(32,3) P(2,2) C(64,3) C(64,3) FC(128) SM"),
        ((8, 8, 1), "C(32,3) C(32,3) P(2,2) C(32,3) C(32,3) FC(128) SM"),
        ((5, 5, 1), "C(32,3) C(32,3) C(32,3) FC(128) SM"),
    ],
)
def test_modern_default_pools_until_the_map_is_small(shape, tokens):
    assert list(make_grammar(shape=shape).default().values()) == tokens.split()


@pytest.mark.parametrize("shape", SHAPES)
def test_metaqnn_walks_keep_the_published_rules(shape):
    grammar = make_grammar("metaqnn", shape)
    lengths = set()
    for tokens in samples(grammar, 300):
        lengths.add(len(tokens))
        row, side = kinds(tokens), min(shape[:2])
        assert len(tokens) <= 12
        assert row[-1] in ("GAP", "SM")
        assert row[0] != "P"
        assert all(pair != ("P", "P") for pair in itertools.pairwise(row))
        widths = [numbers(token)[0] for token in tokens if token.startswith("FC")]
        assert len(widths) <= 2
        assert widths == sorted(widths, reverse=True)
        for token, kind in zip(tokens, row, strict=True):
            size_bin = 8 if side > 7 else 4 if side > 3 else 1
            if kind == "C":
                assert numbers(token)[1] < size_bin <= side
            elif kind == "P":
                kernel, stride = numbers(token)
                assert kernel < size_bin
                side = len(range(0, side - kernel + 1, stride))
            elif kind == "FC":
                assert side < 8
    assert len(lengths) > 2


def test_metaqnn_offers_as_many_actions_as_published():
    grammar = make_grammar("metaqnn", (32, 32, 3))
    # Bin 8: 4 filters x 3 kernels, 3 poolings, GAP and stop.
    assert len(legal(grammar, "C(64,3,1)")) == 12 + 3 + 2 == 17
    # No pooling first, nor after pooling.
    assert len(legal(grammar)) == len(legal(grammar, "C(64,3,1)", "P(2,2)")) == 14
    # Bin 4 has FC, yet only kernels 1 and 3, and no (5,3) pooling.
    to_seven = ("C(64,3,1)", "P(5,3)", "C(64,1,1)", "P(2,2)", "C(64,1,1)")  # 32, 10, 5
    assert len(legal(grammar, *to_seven)) == 4 * 2 + 2 + 3 + 2
    # Bin 1 has no kernel left.
    to_two = (*to_seven, "P(3,2)")
    assert legal(grammar, *to_two) == ["FC(512)", "FC(256)", "FC(128)", "GAP", "SM"]
    assert legal(grammar, *to_two, "FC(256)") == ["FC(256)", "FC(128)", "SM"]
    assert legal(grammar, *to_two, "FC(256)", "FC(128)") == ["SM"]


def test_metaqnn_only_stops_at_the_maximum_depth():
    assert legal(make_grammar("metaqnn"), *["C(64,1,1)"] * 11) == ["SM"]


def test_metaqnn_state_is_layer_depth_bin_and_dense_count():
    grammar = make_grammar("metaqnn", (9, 9, 1))

    def state(*tokens):
        return grammar.options(Chain.values_of(tokens)).state

    assert state() == ("", 0, 8, 0)
    assert state("C(64,3,1)") == ("C(64,3,1)", 1, 8, 0)
    assert state("C(64,3,1)", "P(2,2)", "FC(256)") == ("FC(256)", 3, 4, 1)


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


@pytest.mark.parametrize("shape", SHAPES)
def test_modern_walks_keep_the_rules(shape):
    for tokens in samples(make_grammar(shape=shape), 300):
        row, size, channels, pools = kinds(tokens), list(shape[:2]), shape[2], 0
        for position, (token, kind) in enumerate(zip(tokens, row, strict=True)):
            if kind in ("C", "R"):
                channels, kernel = numbers(token)
                assert channels in [(8, 16, 32), (16, 32, 64), (32, 64, 128)][min(pools, 2)]
                assert kernel == 3 or kernel <= min(size)
            elif kind == "P":
                assert position and row[position - 1] != "P"
                size, pools = [n // 2 for n in size], pools + 1
                assert min(size) >= 2
            else:
                small = max(size) <= 8 or min(size) < 4
                assert position == 13 or (position >= 3 and small)
                if kind != "GAP" and row[position - 1] != "FC":
                    assert size[0] * size[1] * channels <= 4096
        widths = [numbers(token)[0] for token in tokens if token.startswith("FC")]
        assert len(widths) <= 2
        assert widths == sorted(widths, reverse=True)


def test_modern_layers_cost_the_same_in_every_stage():
    # Pixels times filters in and out, for the first three stages of a 32-pixel image.
    costs = [(32 >> stage) ** 2 * widest**2 for stage, widest in enumerate((32, 64, 128))]
    assert len(set(costs)) == 1


def test_modern_layers_are_named_by_their_place():
    tokens = ("C(16,3)", "R(32,3)", "P(2,2)", "R(32,3)", "FC(64)", "SM")
    model = build(Chain.values_of(tokens), (8, 8, 1))
    names = {layer.name for layer in model.layers}
    assert {"layer_00_conv", "layer_00_bn", "layer_01_shortcut_conv", "layer_02_pool"} <= names
    assert "layer_03_shortcut_conv" not in names
    assert {"layer_04_flatten", "layer_04_dense", "layer_04_dropout"} <= names
    assert not any(name.startswith("layer_05") for name in names)
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert not any(layer.use_bias for layer in convs)


def test_metaqnn_dropout_rises_to_a_half():
    tokens = ("C(64,3,1)", "C(64,3,1)", "P(2,2)", "FC(256)", "FC(128)", "SM")
    model = build(Chain.values_of(tokens), (8, 8, 1), style="metaqnn")
    rates = {la.name: la.rate for la in model.layers if isinstance(la, keras.layers.Dropout)}
    assert rates == {"layer_01_dropout": 0.25, "layer_03_dropout": 0.5}


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
