"""The published chains: Table 1 of MetaQNN, counted."""

from __future__ import annotations

import itertools

import keras
import pytest
from chains import SHAPES, build, kinds, legal, make_grammar, numbers, samples

from autokeras_nas.architecture.chain import Chain


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


def test_metaqnn_dropout_rises_to_a_half():
    tokens = ("C(64,3,1)", "C(64,3,1)", "P(2,2)", "FC(256)", "FC(128)", "SM")
    model = build(Chain.values_of(tokens), (8, 8, 1), style="metaqnn")
    rates = {la.name: la.rate for la in model.layers if isinstance(la, keras.layers.Dropout)}
    assert rates == {"layer_01_dropout": 0.25, "layer_03_dropout": 0.5}
