"""Stopping: which trainings look hopeless beside those that have finished, and their end.

A rule sees curves of rewards, of which more is better, by progress: the share of its schedule
that a training has behind it. So it serves trials with different numbers of epochs, too, whose
schedules end with their time.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import keras

from autokeras_nas.registry import Registry
from autokeras_nas.training.progress import PROGRESS

Point = tuple[float, float]
"""After an epoch: the progress, in (0, 1], and the reward."""

RewardCurve = Sequence[Point]
"""The points of a training, in their order; an epoch without a finite reward has none."""


class StoppingRule(Protocol):
    """Made from curves of trials that have finished, and sent to a training with them."""

    def reason(self, curve: RewardCurve) -> str | None:
        """Why the training with this curve so far should end; None: it should go on."""


STOPPING_RULES: Registry[StoppingRule] = Registry("stopping rule")


@dataclass(frozen=True)
class _Comparison:
    """What the rules have in common.

    Attributes:
        finished: The curves of trials that have finished, also of those stopped early.
        least_trials: No training is stopped before it can be compared with so many.
        least_share: No training is stopped before this share of its schedule, in [0, 1): while
            the learning rate is high, curves cross.

    Raises:
        ValueError: If a setting is out of its range.
    """

    finished: tuple[RewardCurve, ...] = ()
    least_trials: int = 5
    least_share: float = 0.3

    def __post_init__(self):
        if self.least_trials < 1 or not 0.0 <= self.least_share < 1.0:
            raise ValueError(
                "A stopping rule needs at least one trial to compare with, and a share of the "
                f"training in [0, 1) to judge by. Received: least_trials={self.least_trials}, "
                f"least_share={self.least_share}."
            )


@STOPPING_RULES.register("median")
@dataclass(frozen=True)
class MedianRule(_Comparison):
    """Stops a training whose best is below the median of the others' running averages.

        stop at s  if  max(o(1), ..., o(s)) < median_i mean(o_i(1), ..., o_i(s))

    `o` is the reward of the training, `o_i` that of a finished trial, *s* the progress: an
    average is over the epochs that a trial had reported at the same share of its schedule, or
    until it was stopped. Rising averages lag behind, so the rule is a lenient one.

    Source: Golovin et al., 2017, https://doi.org/10.1145/3097983.3098043, Section 3.2.2, where
    *s* is a number of steps.
    """

    def reason(self, curve: RewardCurve) -> str | None:
        """Why the training should end; None: it should go on."""
        progress = curve[-1][0]
        if progress < self.least_share:
            return None
        averages = [
            statistics.fmean(reported)
            for finished in self.finished
            if (reported := _until(finished, progress))
        ]
        if len(averages) < self.least_trials:
            return None
        if max(reward for _, reward in curve) >= statistics.median(averages):
            return None
        return f"below the median of {len(averages)} trials at {progress:.0%} of the training"


@STOPPING_RULES.register("successive_halving")
@dataclass(frozen=True)
class SuccessiveHalving(_Comparison):
    """At some rungs, lets only the best share of what has reached them go on.

        rungs: r, r * eta, r * eta^2, ... < 1
        go on at a rung  if  rank < max(1, floor(n / eta))

    *r* is `least_share`, *n* how many trainings have reached the rung, this one included, and
    the rank counts those of them that were better there; each training is judged by its best up
    to the first epoch on the rung.

    Asynchronous successive halving promotes paused trainings whenever they come to be among the
    best. Here none is paused: it is judged when it reaches a rung, by those before it, and what
    ends does not come back. So early trials are judged more leniently than late ones.

    Source: after Li et al., 2020, https://arxiv.org/abs/1810.05934, Algorithm 2.

    Attributes:
        eta: The factor between rungs, whose inverse is the share that goes on; above 1.

    Raises:
        ValueError: If a setting is out of its range.
    """

    eta: float = 2.0

    def __post_init__(self):
        super().__post_init__()
        if not (self.eta > 1.0 and self.least_share > 0.0):
            raise ValueError(
                "Successive halving needs `eta` above 1 and a first rung above 0. "
                f"Received: eta={self.eta}, least_share={self.least_share}."
            )

    def reason(self, curve: RewardCurve) -> str | None:
        """Why the training should end; None: it should go on."""
        rung = self._rung_reached(curve)
        if rung is None:
            return None
        reward = max(reward for _, reward in curve)
        others = [
            best for finished in self.finished if (best := _best_at(finished, rung)) is not None
        ]
        if len(others) < self.least_trials:
            return None
        places = max(1, math.floor((len(others) + 1) / self.eta))
        if sum(other > reward for other in others) < places:
            return None
        return (
            f"not among the best {places} of {len(others) + 1} trials "
            f"at {curve[-1][0]:.0%} of the training"
        )

    def _rung_reached(self, curve: RewardCurve) -> float | None:
        """The highest rung that the last epoch was the first to reach; None: it reached none."""
        before = curve[-2][0] if len(curve) > 1 else 0.0
        reached, rung = None, self.least_share
        while rung < 1.0 and rung <= curve[-1][0]:
            reached = rung if rung > before else None
            rung *= self.eta
        return reached


def _until(curve: RewardCurve, progress: float) -> list[float]:
    """The rewards that a training had reported at a share of its schedule."""
    return [reward for reached, reward in curve if reached <= progress]


def _best_at(curve: RewardCurve, rung: float) -> float | None:
    """The best reward up to the first epoch on a rung; None: the training did not reach it."""
    best = -math.inf
    for progress, reward in curve:
        best = max(best, reward)
        if progress >= rung:
            return best
    return None


class StopHopeless(keras.callbacks.Callback):
    """Ends a training, after its validation, where a rule finds it hopeless.

    Args:
        rule: Is asked after each epoch with a finite reward, but the last; None: none is hopeless.
        reward: What an epoch's logs are worth, more being better; None: nothing finite.
    """

    def __init__(
        self, rule: StoppingRule | None, reward: Callable[[Mapping[str, float]], float | None]
    ):
        super().__init__()
        self.rule, self.reward = rule, reward
        self.stopped: str | None = None
        self.curve: list[Point] = []

    @property
    def saved(self) -> float:
        """The share of the training that was not needed; 0: it was not stopped."""
        return 1.0 - self.curve[-1][0] if self.stopped is not None else 0.0

    def on_train_begin(self, logs=None):
        self.stopped, self.curve = None, []

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        reward = self.reward(logs)
        if reward is None or PROGRESS not in logs:
            return
        self.curve.append((float(logs[PROGRESS]), reward))
        ends_anyway = getattr(self.model, "stop_training", False) or self.curve[-1][0] >= 1.0
        if self.rule is None or ends_anyway:
            return
        self.stopped = self.rule.reason(self.curve)
        if self.stopped is not None:
            self.model.stop_training = True
