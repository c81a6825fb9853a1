"""Chains of our own style: their rules and their cost."""

from __future__ import annotations

import keras
import pytest
from chains import SHAPES, build, kinds, make_grammar, numbers, samples

from autokeras_nas.architecture.chain import Chain


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
