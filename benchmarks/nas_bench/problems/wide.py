"""Wide: forty decisions of five choices, 9e27 architectures.

Each choice has a worth of its own in [0, 1], drawn once, with one choice of each decision at 1;
the score is their mean, so the optimum is the best choice of each.
"""

from __future__ import annotations

import keras_tuner
import numpy as np

from nas_bench.problem import Synthetic, Values

DECISIONS, CHOICES = 40, 5


def _worths() -> np.ndarray:
    """The worth of each choice, `(decisions, choices)`; the best of each decision is 1."""
    drawn = np.random.default_rng(0).random((DECISIONS, CHOICES))
    drawn[np.arange(DECISIONS), drawn.argmax(axis=1)] = 1.0
    return drawn


WORTHS = _worths()


def space() -> keras_tuner.HyperParameters:
    """Forty decisions of five choices."""
    hp = keras_tuner.HyperParameters()
    for k in range(DECISIONS):
        hp.Choice(f"part_{k}", list(range(CHOICES)))
    return hp


def score(values: Values) -> float:
    """The mean worth of the choices."""
    return float(np.mean([WORTHS[k, values[f"part_{k}"]] for k in range(DECISIONS)]))


PROBLEM = Synthetic(
    space, score, {f"part_{k}": int(best) for k, best in enumerate(WORTHS.argmax(axis=1))}
)
