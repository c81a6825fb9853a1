"""Trap: every step of improvement but the last leads away from the optimum.

Four blocks of four bits. A block is worth most where all its bits are set; else it is worth the
more, the fewer are.

    trap(u) = 1 if u = 4 else (3 - u) / 4, with u bits set;  score = mean of the blocks

Source: Deb and Goldberg, 1993, "Analyzing deception in trap functions", with order four.
"""

from __future__ import annotations

import keras_tuner

from nas_bench.problem import Synthetic, Values

BLOCKS, BITS = 4, 4


def space() -> keras_tuner.HyperParameters:
    """Sixteen bits."""
    hp = keras_tuner.HyperParameters()
    for k in range(BLOCKS * BITS):
        hp.Choice(f"bit_{k}", [0, 1])
    return hp


def score(values: Values) -> float:
    """The mean worth of the blocks, in [0, 1]."""
    counts = [sum(values[f"bit_{b * BITS + k}"] for k in range(BITS)) for b in range(BLOCKS)]
    return sum(1.0 if u == BITS else (BITS - 1 - u) / BITS for u in counts) / BLOCKS


PROBLEM = Synthetic(space, score, {f"bit_{k}": 1 for k in range(BLOCKS * BITS)})
