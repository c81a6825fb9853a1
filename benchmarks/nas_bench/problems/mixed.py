"""Mixed: floats, ints, choices and a boolean, of which two depend on each other.

The worth falls with the square of each number's distance from its best place, which for the
learning rate depends on the optimizer.
"""

from __future__ import annotations

import math

import keras_tuner

from nas_bench.problem import Synthetic, Values

LOSS_OF_ACTIVATION = {"tanh": 0.1, "relu": 0.04, "swish": 0.0}
BEST_RATE = {"sgd": 3e-2, "adam": 1e-3}


def space() -> keras_tuner.HyperParameters:
    """Six entries of four kinds."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("activation", list(LOSS_OF_ACTIVATION))
    hp.Choice("optimizer", list(BEST_RATE))
    hp.Float("rate", 1e-5, 1e-1, sampling="log")
    hp.Float("dropout", 0.0, 0.8)
    hp.Int("units", 16, 512, step=16)
    hp.Boolean("norm")
    return hp


def score(values: Values) -> float:
    """At most 1, where every loss is zero."""
    decades = math.log10(values["rate"] / BEST_RATE[values["optimizer"]])
    losses = (
        LOSS_OF_ACTIVATION[values["activation"]],
        0.02 * (values["optimizer"] == "sgd"),
        0.1 * decades**2,
        (values["dropout"] - 0.3) ** 2,
        0.02 * math.log2(values["units"] / 128) ** 2,
        0.05 * (not values["norm"]),
    )
    return 1.0 - sum(losses)


PROBLEM = Synthetic(
    space,
    score,
    {
        "activation": "swish",
        "optimizer": "adam",
        "rate": 1e-3,
        "dropout": 0.3,
        "units": 128,
        "norm": True,
    },
)
