"""What a search sees of a problem, and what judges its result afterwards."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import keras_tuner
import numpy as np

Values = Mapping[str, int | float | str | bool]


@dataclass(frozen=True)
class Measurement:
    """What one trial gives.

    Attributes:
        score: What the oracle is told; more is better.
        seconds: What it costs, in simulated seconds of one device.
    """

    score: float
    seconds: float


class Problem(abc.ABC):
    """All that a search may know: which architectures exist, and what a trial of one gives.

    Attributes:
        seconds: The usual budget, in simulated seconds of one device.
    """

    seconds: float

    @abc.abstractmethod
    def space(self) -> keras_tuner.HyperParameters:
        """The architectures, as KerasTuner's entries."""

    @abc.abstractmethod
    def measure(self, values: Values, rng: np.random.Generator) -> Measurement:
        """One trial of an architecture.

        Args:
            values: A trial's values; names that are none of the space's are ignored.
            rng: Draws what differs from one trial of an architecture to the next.
        """


@dataclass(frozen=True)
class Judge:
    """What a search is after and never sees.

    Attributes:
        value: The worth of an architecture; more is better.
        best: The worth of the best one.
    """

    value: Callable[[Values], float]
    best: float


@dataclass(frozen=True)
class Synthetic(Problem):
    """A function whose optimum is known.

    A trial takes half a second to one and a half, whatever the architecture, so that trials
    in several slots end in another order than they began.

    Args:
        make_space: Returns the space.
        truth: The worth of an architecture.
        optimum: An architecture of highest worth.
        noise: Standard deviation of what is added to the truth in a trial.
        seconds: The usual budget, in simulated seconds.
    """

    make_space: Callable[[], keras_tuner.HyperParameters]
    truth: Callable[[Values], float]
    optimum: Values = field(hash=False)
    noise: float = 0.0
    seconds: float = 200.0

    def space(self) -> keras_tuner.HyperParameters:
        return self.make_space()

    def measure(self, values: Values, rng: np.random.Generator) -> Measurement:
        score = self.truth(values) + self.noise * rng.standard_normal()
        return Measurement(float(score), rng.uniform(0.5, 1.5))

    def judge(self) -> Judge:
        """Judges by the truth."""
        return Judge(self.truth, self.truth(self.optimum))
