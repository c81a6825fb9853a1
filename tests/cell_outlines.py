"""Networks of cells, built for looks: what tests of the cell space share."""

from __future__ import annotations

import keras
import numpy as np

from autokeras_nas.architecture import FeatureSpec, InputSpec
from autokeras_nas.search_spaces import NasnetCell

VECTOR = FeatureSpec("vector")


MAP = FeatureSpec("map")


def features(values, inputs, interface=VECTOR, **settings):
    spec = InputSpec(tuple(inputs.shape[1:]))
    return NasnetCell(**settings).trunk(values, inputs, spec, interface)


def build(values, shape=(32, 32, 3), interface=VECTOR, classes=None, **settings):
    inputs = keras.Input(shape)
    x = features(values, inputs, interface, **settings).main
    if classes:
        x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, x)


def outline(values, **kwargs):
    """As `build`, without the memory and time of making variables."""
    with keras.StatelessScope(initialize_variables=False):
        return build(values, **kwargs)


def default(**settings):
    return NasnetCell(**settings).grammar(InputSpec((32, 32, 3)), VECTOR).default()


def sample(seed=0, **settings):
    grammar = NasnetCell(**settings).grammar(InputSpec((32, 32, 3)), VECTOR)
    return grammar.sample(np.random.default_rng(seed))
