"""Noise: the worth of one step is less than what chance adds to a trial.

The share of sixteen bits that are set, plus noise of standard deviation 0.1 in each trial. The
judge sees the share alone, so what was lucky once is worth no more.

Source: the toy problem of Real et al., 2019, https://arxiv.org/abs/1802.01548, supplement C, with
fewer bits and more noise.
"""

from __future__ import annotations

import keras_tuner

from nas_bench.problem import Synthetic, Values

BITS = 16


def space() -> keras_tuner.HyperParameters:
    """Sixteen bits."""
    hp = keras_tuner.HyperParameters()
    for k in range(BITS):
        hp.Choice(f"bit_{k}", [0, 1])
    return hp


def score(values: Values) -> float:
    """The share of bits that are set, without noise."""
    return sum(values[f"bit_{k}"] for k in range(BITS)) / BITS


PROBLEM = Synthetic(space, score, {f"bit_{k}": 1 for k in range(BITS)}, noise=0.1)
