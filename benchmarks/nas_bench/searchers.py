"""Searchers: an oracle's name with its settings, of this package or KerasTuner's own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras_tuner
import numpy as np

from autokeras_nas.oracles import ORACLES

# KerasTuner's own know no time budget: they get trials enough, and the simulation stops them.
UPSTREAM: dict[str, tuple[type[keras_tuner.Oracle], dict[str, Any]]] = {
    "keras_tuner.random": (keras_tuner.oracles.RandomSearchOracle, {"max_trials": 1_000_000}),
    "keras_tuner.bayesian": (
        keras_tuner.oracles.BayesianOptimizationOracle,
        {"max_trials": 1_000_000},
    ),
    "keras_tuner.hyperband": (
        keras_tuner.oracles.HyperbandOracle,
        {"max_epochs": 12, "hyperband_iterations": None},
    ),
}


@dataclass(frozen=True)
class Searcher:
    """An oracle and its settings; `str` gives the text that `parse` reads.

    Attributes:
        name: A registered oracle's name, or one of `UPSTREAM`.
        settings: Keyword arguments of the oracle.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Searcher:
        """Reads `name` or `name:setting=value,setting=value`; values as Python writes them.

        Raises:
            ValueError: If there is no such oracle, or a setting has no value.
        """
        name, _, rest = text.partition(":")
        if name not in ORACLES and name not in UPSTREAM:
            raise ValueError(
                f"There is no oracle {name!r}. Received: {text!r}. "
                f"Choose one of {', '.join([*ORACLES, *UPSTREAM])}."
            )
        pairs = [setting.partition("=") for setting in rest.split(",") if setting]
        for setting, equals, value in pairs:
            if not (setting and equals and value):
                raise ValueError(
                    f"Settings are written `name=value` with commas between. Received: {text!r}."
                )
        return cls(name, {setting: _literal(value) for setting, _, value in sorted(pairs)})

    def __str__(self) -> str:
        settings = ",".join(f"{name}={value}" for name, value in sorted(self.settings.items()))
        return f"{self.name}:{settings}" if settings else self.name

    def make(
        self,
        space: keras_tuner.HyperParameters,
        seconds: float,
        seed: int,
        clock: Callable[[], float],
    ) -> keras_tuner.Oracle:
        """A fresh oracle that maximises the metric `score`.

        Args:
            space: The space.
            seconds: The time it has, by the clock.
            seed: A whole number of at least 0.
            clock: The simulated time.
        """
        common: dict[str, Any] = {
            "objective": keras_tuner.Objective("score", "max"),
            "hyperparameters": space,
        }
        if self.name in UPSTREAM:
            cls, defaults = UPSTREAM[self.name]
            oracle = cls(**{**common, **defaults, **self.settings, "seed": _far_apart(seed)})
        else:
            timed = {"time_budget": seconds, "clock": clock, "seed": seed}
            oracle = ORACLES[self.name](**{**common, **timed, **self.settings})
            oracle.idle_seconds = 0  # An idle slot waits by the simulated clock alone.
        oracle.verbose = 0
        return oracle


def _far_apart(seed: int) -> int:
    """A seed of at least 1 for KerasTuner's oracles, which take 0 for none.

    They draw each value by the seed that follows the last, so that searches of neighbouring
    seeds would be the same search, shifted.
    """
    return 1 + int(np.random.SeedSequence(seed).generate_state(1)[0]) // 2


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
