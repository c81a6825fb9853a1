"""Chains, drawn and taken apart, for the tests of their styles."""

from __future__ import annotations

import re

import keras
import numpy as np

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.architecture.chain import Chain
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
