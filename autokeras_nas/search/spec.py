"""What a runner gets and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras_tuner

from autokeras_nas.architecture import Proposal


@dataclass
class TrialSpec:
    """One trial to be run.

    Attributes:
        trial_id: KerasTuner's id.
        hyperparameters: The values, as a hypermodel's `build` takes them.
        proposal: The same, decoded.
        seed: For weights, shuffling and dropout.
        checkpoint: Where the best weights go.
        fit_args: Positional arguments of the hypermodel's `fit`.
        fit_kwargs: Keyword arguments of the hypermodel's `fit`.
        seconds: The time that the trial may take; None: no limit.
        least_epochs: A training that would not come to so many in its time is given up; 0: none
            is.
        stop: Asked after each step: a text ends the trial early and cleanly.
    """

    trial_id: str
    hyperparameters: keras_tuner.HyperParameters
    proposal: Proposal
    seed: int
    checkpoint: Path
    fit_args: tuple[Any, ...] = ()
    fit_kwargs: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    least_epochs: float = 0.0
    stop: Callable[[], str | None] = lambda: None

    @property
    def build_config(self) -> Path:
        """Where the shapes go that the model was built for, beside the weights."""
        return self.checkpoint.with_name("build_config.json")


@dataclass
class TrialResult:
    """What became of a trial.

    Attributes:
        trial_id: KerasTuner's id.
        status: `"COMPLETED"`, `"INVALID"` (a crash, which may be retried) or `"FAILED"`.
        curve: Metrics by epoch, finite ones only.
        measures: `nas/...` metrics of the whole trial: seconds, epochs, parameters, FLOPs.
        reason: Why it failed or ended early.
    """

    trial_id: str
    status: str
    curve: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    reason: str = ""
