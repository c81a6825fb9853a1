"""What a runner gets and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras_tuner

from autokeras_nas.architecture import Proposal
from autokeras_nas.training import StoppingRule, with_half_batch


@dataclass(frozen=True)
class Training:
    """The arguments of one call of a hypermodel's `fit`, beside hyperparameters and model.

    Attributes:
        args: Positional ones, of which the first are the data.
        kwargs: Keyword ones.
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


def never_stop() -> str | None:
    """No reason to end a trial early."""
    return None


@dataclass
class TrialSpec:
    """One trial to be run.

    Attributes:
        trial_id: KerasTuner's id.
        hyperparameters: The values, as a hypermodel's `build` takes them.
        proposal: The same, decoded.
        seed: For weights, shuffling and dropout.
        checkpoint: Where the best weights go.
        trainings: The trainings that the trial consists of, each from a seed of its own; the
            trial's metrics are their means, its weights the best of all.
        seconds: The time that the trial may take; None: no limit.
        least_epochs: A training that would not come to so many in its time is given up; 0: none
            is.
        dispensable: Whether there is another trial to fall back on, so that this one may end
            without a result where its time is over.
        stop: Asked after each step: a text ends the trial early and cleanly.
        rule: Asked after each epoch: whether the training is hopeless beside others; None: it is
            not judged.
    """

    trial_id: str
    hyperparameters: keras_tuner.HyperParameters
    proposal: Proposal
    seed: int
    checkpoint: Path
    trainings: tuple[Training, ...] = (Training(),)
    seconds: float | None = None
    least_epochs: float = 0.0
    dispensable: bool = False
    stop: Callable[[], str | None] = never_stop
    rule: StoppingRule | None = None


@dataclass
class TrialResult:
    """What became of a trial.

    Attributes:
        trial_id: KerasTuner's id.
        status: `"COMPLETED"`, `"INVALID"` (a crash, which may be retried) or `"FAILED"`.
        curve: Metrics by epoch, finite ones only.
        measures: `nas/...` metrics of the whole trial: seconds, epochs, parameters, FLOPs; the
            share of the training that was saved, where it was stopped early.
        reason: Why it failed or ended early.
        hyperparameters: With the entries that building added, where that was in another process;
            None: they are in the trial's own.
    """

    trial_id: str
    status: str
    curve: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    hyperparameters: keras_tuner.HyperParameters | None = None


def with_half_batches(spec: TrialSpec) -> TrialSpec | None:
    """The same trial with batches of half the size; None: there is nothing to halve."""
    halved = [with_half_batch(training.args, training.kwargs) for training in spec.trainings]
    if None in halved:
        return None
    return replace(spec, trainings=tuple(Training(*pair) for pair in halved if pair))
