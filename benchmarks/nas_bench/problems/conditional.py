"""Conditional: most decisions exist only under others, and the best branch looks poor at first.

A linear model is always worth 0.5, a tree at most 0.8. A network is worth up to 1, but only with
five layers of the right sizes; with one layer it is worth less than a good tree.
"""

from __future__ import annotations

import keras_tuner

from nas_bench.problem import Synthetic, Values

UNITS = [8, 16, 32, 64, 128]
RIGHT = (64, 16, 128, 8, 32)
DEEPEST = len(RIGHT)


def space() -> keras_tuner.HyperParameters:
    """A kind of model, and what that kind decides; layers within layers."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["linear", "tree", "network"])
    with hp.conditional_scope("kind", ["tree"]):
        hp.Int("depth", 1, 6)
        hp.Boolean("prune")
    with hp.conditional_scope("kind", ["network"]):
        hp.Int("layers", 1, DEEPEST)
        for k in range(DEEPEST):
            with hp.conditional_scope("layers", list(range(k + 1, DEEPEST + 1))):
                hp.Choice(f"units_{k}", UNITS)
    return hp


def score(values: Values) -> float:
    """A network loses 0.15 for each layer that it lacks and 0.1 for each step of size amiss."""
    if values["kind"] == "linear":
        return 0.5
    if values["kind"] == "tree":
        return 0.8 - 0.04 * abs(values["depth"] - 4) - 0.05 * (not values["prune"])
    layers = values["layers"]
    amiss = sum(
        abs(UNITS.index(values[f"units_{k}"]) - UNITS.index(RIGHT[k])) for k in range(layers)
    )
    return 1.0 - 0.15 * (DEEPEST - layers) - 0.1 * amiss


PROBLEM = Synthetic(
    space,
    score,
    {"kind": "network", "layers": DEEPEST, **{f"units_{k}": u for k, u in enumerate(RIGHT)}},
)
