"""Plateau: most steps change nothing.

Four pairs of decisions with four choices. A pair counts only where both are right, so that
nothing tells a pair that is half right from one that is wrong.

Source: the royal road functions of Mitchell, Forrest and Holland, 1992, with pairs for blocks.
"""

from __future__ import annotations

import keras_tuner

from nas_bench.problem import Synthetic, Values

PAIRS, CHOICES = 4, 4
RIGHT = (2, 0, 3, 1, 1, 3, 0, 2)


def space() -> keras_tuner.HyperParameters:
    """Eight decisions of four choices."""
    hp = keras_tuner.HyperParameters()
    for k in range(2 * PAIRS):
        hp.Choice(f"part_{k}", list(range(CHOICES)))
    return hp


def score(values: Values) -> float:
    """The share of pairs that are right, in [0, 1]."""
    right = [values[f"part_{k}"] == RIGHT[k] for k in range(2 * PAIRS)]
    return sum(right[2 * p] and right[2 * p + 1] for p in range(PAIRS)) / PAIRS


PROBLEM = Synthetic(space, score, {f"part_{k}": RIGHT[k] for k in range(2 * PAIRS)})
