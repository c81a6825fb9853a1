"""Adam, for weights whose tables may grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autokeras_nas.controllers.weights import Weights, with_rows
from autokeras_nas.storage import pack, unpack


class Adam:
    """Gradient ascent with moments of the gradient.

    With gradient `g` at step `t`: `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, and the
    weights grow by `rate * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)`.

    A row that a table gains later moves as if it had been there, without a gradient, all along.

    Source: Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980, Algorithm 1.

    Args:
        first_decay: *b1*.
        second_decay: *b2*.
        epsilon: Keeps the step finite.
    """

    def __init__(
        self, first_decay: float = 0.9, second_decay: float = 0.999, epsilon: float = 1e-8
    ):
        self.first_decay = first_decay
        self.second_decay = second_decay
        self.epsilon = epsilon
        self.steps = 0
        self._first: Weights = {}
        self._second: Weights = {}

    def ascend(self, weights: Weights, gradient: Mapping[str, np.ndarray], rate: float) -> None:
        """Moves weights, in place, up the gradient of what shall grow.

        Args:
            weights: What moves.
            gradient: Its gradient, in the same shapes.
            rate: The learning rate.
        """
        self.steps += 1
        unbiased_first = 1.0 - self.first_decay**self.steps
        unbiased_second = 1.0 - self.second_decay**self.steps
        for name, slope in gradient.items():
            first = self._moment(self._first, name, slope)
            second = self._moment(self._second, name, slope)
            first += (1.0 - self.first_decay) * (slope - first)
            second += (1.0 - self.second_decay) * (slope * slope - second)
            root = np.sqrt(second / unbiased_second)
            weights[name] += (rate / unbiased_first) * first / (root + self.epsilon)

    @staticmethod
    def _moment(moments: Weights, name: str, like: np.ndarray) -> np.ndarray:
        moment = moments.get(name)
        moments[name] = np.zeros_like(like) if moment is None else with_rows(moment, len(like))
        return moments[name]

    def get_state(self) -> dict[str, Any]:
        """Steps and moments as JSON."""
        moments = {
            kind: {name: pack(moment) for name, moment in of.items()}
            for kind, of in (("first", self._first), ("second", self._second))
        }
        return {"steps": self.steps, **moments}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes back what `get_state` gave."""
        self.steps = state["steps"]
        self._first = {name: unpack(moment) for name, moment in state["first"].items()}
        self._second = {name: unpack(moment) for name, moment in state["second"].items()}
