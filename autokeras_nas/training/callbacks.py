"""Callbacks of a trial: schedule, best weights, and how it ends early but cleanly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras_tuner import errors as kt_errors

from autokeras_nas.training.progress import PROGRESS
from autokeras_nas.training.recipe import Recipe

_JUDGED_AFTER = 0.1
_GUESSED_SHARE = 0.1
"""Validation beside training: a fifth of the examples, half of the work for each."""


class Schedule(keras.callbacks.Callback):
    """Learning rate by how far the training is: by steps or by time, whichever is further.

    A trial with a time allotment so always ends its schedule, however slow its network is.
    Each epoch's logs tell the progress.

    Args:
        recipe: Gives the rate.
        steps: Steps of the whole training.
        seconds: Time of the whole training; None: steps alone decide.
        clock: Returns seconds.
    """

    def __init__(
        self,
        recipe: Recipe,
        steps: int,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.recipe, self.steps, self.seconds, self.clock = recipe, steps, seconds, clock
        self._step = 0
        self._began = clock()

    @property
    def progress(self) -> float:
        """How far the training is, in [0, 1]."""
        by_steps = self._step / max(1, self.steps)
        by_time = (self.clock() - self._began) / self.seconds if self.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.recipe.rate(self.progress)
        self._step += 1

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs[PROGRESS] = self.progress


class TimeIsUp(Exception):
    """A training is over its time by so much that it ends wherever it is."""


class StopOnRequest(keras.callbacks.Callback):
    """Ends the running epoch after its present step; Keras then validates as usual.

    Where validation, too, would take far longer than there is time, it is broken off.

    Args:
        reason: Asked after each step, with the seconds that validation will take, as far as is
            known; a text ends the training, None lets it go on.
        overdue: Asked after each step of training and validation: whether the training should be
            broken off with `TimeIsUp`; None: it never is.
        dispensable: Whether it may be before its first epoch has ended.
        clock: Returns seconds.

    Attributes:
        stopped: Why it ended; None: it did not.
        epochs: The metrics of each epoch that has ended.
    """

    def __init__(
        self,
        reason: Callable[[float], str | None],
        overdue: Callable[[], bool] | None = None,
        dispensable: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.reason, self.overdue, self.clock = reason, overdue, clock
        self.dispensable = dispensable
        self.stopped: str | None = None
        self.epochs: list[dict[str, Any]] = []
        self._validation_seconds: float | None = None
        self._began = self._validation_began = 0.0

    @property
    def validation_seconds(self) -> float:
        """As measured last; before, a guess from the training so far."""
        if self._validation_seconds is None:
            return _GUESSED_SHARE * (self.clock() - self._began)
        return self._validation_seconds

    def on_train_begin(self, logs=None):
        self._began = self.clock()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs or {}))

    def on_test_begin(self, logs=None):
        self._validation_began = self.clock()

    def on_test_batch_end(self, batch, logs=None):
        self._break_off()

    def on_test_end(self, logs=None):
        self._validation_seconds = self.clock() - self._validation_began

    def on_train_batch_end(self, batch, logs=None):
        if self.stopped is None:
            self.stopped = self.reason(self.validation_seconds)
        if self.stopped is None and not has_finite_loss(logs or {}):
            self.stopped = f"the loss became {(logs or {})['loss']}"
        if self.stopped is not None:
            self.model.stop_training = True
            self._break_off()

    def _break_off(self):
        if self.overdue is not None and (self.epochs or self.dispensable) and self.overdue():
            raise TimeIsUp


def has_finite_loss(logs: Mapping[str, Any]) -> bool:
    """Whether the loss of a step or epoch is a number; else the weights are none, either."""
    try:
        return math.isfinite(logs.get("loss", 0.0))
    except (TypeError, ValueError):  # Whoever trains by hand may log anything.
        return True


class FailIfSlow(keras.callbacks.Callback):
    """Gives a training up early that would not come to enough epochs in its time.

    FLOPs alone do not tell how fast a network trains. Judged by the steps of the first tenth of
    the time, without the first one, in which the network is traced.

    Args:
        seconds: The time of the whole training.
        least_epochs: Epochs that it must come to.
        clock: Returns seconds.
    """

    def __init__(
        self,
        seconds: float,
        least_epochs: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.seconds, self.least_epochs, self.clock = seconds, least_epochs, clock
        self._traced: float | None = None
        self._steps = 0
        self._judged = False

    def on_train_batch_end(self, batch, logs=None):
        steps = self.params.get("steps")
        if self._judged or not steps:
            return
        if self._traced is None:
            self._traced = self.clock()
            return
        self._steps += 1
        elapsed = self.clock() - self._traced
        if elapsed >= _JUDGED_AFTER * self.seconds:
            self._judged = True
            epochs = self._steps / elapsed * self.seconds / steps
            if epochs < self.least_epochs:
                raise kt_errors.FailedTrialError(
                    f"Too slow: it would come to {epochs:.1f} epochs in {self.seconds:.0f} s."
                )


class BestWeights(keras.callbacks.Callback):
    """Remembers the weights of the best epoch.

    Args:
        objective: A `keras_tuner.Objective`; epochs in which it or the loss is not finite do
            not count.
    """

    def __init__(self, objective):
        super().__init__()
        self.objective = objective
        self.best: float | None = None
        self.epoch = -1
        self.weights = None
        self.epoch_seconds: list[float] = []

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if not (self.objective.has_value(logs) and has_finite_loss(logs)):
            return
        value = float(self.objective.get_value(logs))
        if math.isfinite(value) and (
            self.best is None or self.objective.better_than(value, self.best)
        ):
            self.best, self.epoch = value, epoch
            self.weights = self.model.get_weights()
