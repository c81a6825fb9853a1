"""Proposal: what an oracle asks a runner to do, and its coding onto KerasTuner values.

The only place that spells the control names. KerasTuner's own serve where they exist
(`tuner/epochs`, `tuner/initial_epoch`, `tuner/trial_id`), `nas/...` where not. What is at its
default does not travel.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from autokeras_nas.architecture.values import Value, Values, plain_values

MEASURES = ("train", "continue", "inherit", "supernet", "shared", "against")
HONOURED = "nas/honoured"
"""The metric by which a runner says that it did all that the proposal asked for."""


@dataclass(frozen=True)
class Budget:
    """How much training a proposal is worth.

    Attributes:
        epochs: The epoch at which to stop; 0: the runner's own choice.
        initial_epoch: The epoch at which to start, as with `keras.Model.fit`.
        steps: The number of steps, where epochs are too coarse; 0: by epochs.
        horizon: The epoch at which the learning-rate schedule ends; 0: at `epochs`.
        data_share: The share of the training data, in (0, 1].
    """

    epochs: int = 0
    initial_epoch: int = 0
    steps: int = 0
    horizon: int = 0
    data_share: float = 1.0

    @property
    def amount(self) -> float:
        """How much it is, beside budgets of its kind; what is left open is the most."""
        return self.data_share * (self.epochs or self.steps or math.inf)

    def __post_init__(self):
        for name in ("epochs", "initial_epoch", "steps", "horizon"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"A budget's `{name}` cannot be negative. "
                    f"Received: {getattr(self, name)}. Pass 0 to leave it open."
                )
        if not 0.0 < self.data_share <= 1.0:
            raise ValueError(
                "A budget's `data_share` must be in (0, 1]. "
                f"Received: {self.data_share}. Pass 1.0 for all data."
            )


@dataclass(frozen=True)
class Proposal:
    """An architecture, and how it is to be measured.

    Attributes:
        values: The architecture.
        budget: How much training it is worth.
        measure: `"train"` from scratch; `"continue"` restores weights, optimiser and schedule;
            `"inherit"` takes matching weights and starts the rest afresh; `"supernet"` trains
            shared weights; `"shared"` measures with a supernet's weights; `"against"` trains
            with an ensemble's frozen members.
        parents: Ids of the trials inherited from, looked into or stood against.
        individual: Names the child that lives through many trials; empty: this trial is it.
        repeat: Counts deliberate repetitions of the same proposal.
        payload: JSON for the runner, where values are not enough.
    """

    values: Values
    budget: Budget = Budget()
    measure: str = "train"
    parents: tuple[str, ...] = ()
    individual: str = ""
    repeat: int = 0
    payload: str = ""

    def __post_init__(self):
        if self.measure not in MEASURES:
            raise ValueError(
                f"A proposal's `measure` must be one of {MEASURES}. Received: {self.measure!r}."
            )
        object.__setattr__(self, "values", plain_values(self.values))

    @property
    def is_plain(self) -> bool:
        """Whether any KerasTuner tuner does all that it asks for."""
        return self.measure == "train" and self.budget == Budget() and not self.payload


_EPOCHS, _INITIAL_EPOCH = "tuner/epochs", "tuner/initial_epoch"
_STEPS, _HORIZON, _DATA_SHARE = "nas/steps", "nas/horizon", "nas/data_share"
_MEASURE, _INDIVIDUAL = "nas/measure", "nas/individual"
_REPEAT, _PAYLOAD = "nas/repeat", "nas/payload"
_PARENT, _PARENTS = "tuner/trial_id", "nas/parents"


def _settings(proposal: Proposal) -> dict[str, Value]:
    """All control values of a proposal but its parents, those at their defaults too."""
    return {
        _EPOCHS: proposal.budget.epochs,
        _INITIAL_EPOCH: proposal.budget.initial_epoch,
        _STEPS: proposal.budget.steps,
        _HORIZON: proposal.budget.horizon,
        _DATA_SHARE: proposal.budget.data_share,
        _MEASURE: proposal.measure,
        _INDIVIDUAL: proposal.individual,
        _REPEAT: proposal.repeat,
        _PAYLOAD: proposal.payload,
    }


_DEFAULTS = _settings(Proposal({}))
CONTROL_NAMES = frozenset({*_DEFAULTS, _PARENT, _PARENTS})


def encode(proposal: Proposal) -> dict[str, Value]:
    """The KerasTuner values of a proposal: the architecture's and those of the control names."""
    return {**proposal.values, **control(proposal)}


def control(proposal: Proposal) -> dict[str, Value]:
    """The control values of a proposal alone: all of it but the architecture."""
    settings = _settings(proposal)
    values = {name: value for name, value in settings.items() if value != _DEFAULTS[name]}
    if len(proposal.parents) == 1:
        values[_PARENT] = proposal.parents[0]
    elif proposal.parents:
        values[_PARENTS] = json.dumps(proposal.parents)
    return values


def decode(values: Mapping[str, Value]) -> Proposal:
    """The proposal that KerasTuner values stand for; any order of names, unknown ones kept."""
    settings = {**_DEFAULTS, **values}
    if _PARENT in values:
        parents = [str(values[_PARENT])]
    else:
        parents = json.loads(str(values.get(_PARENTS, "[]")))
    return Proposal(
        {name: value for name, value in values.items() if name not in CONTROL_NAMES},
        Budget(
            epochs=int(settings[_EPOCHS]),
            initial_epoch=int(settings[_INITIAL_EPOCH]),
            steps=int(settings[_STEPS]),
            horizon=int(settings[_HORIZON]),
            data_share=float(settings[_DATA_SHARE]),
        ),
        measure=str(settings[_MEASURE]),
        parents=tuple(parents),
        individual=str(settings[_INDIVIDUAL]),
        repeat=int(settings[_REPEAT]),
        payload=str(settings[_PAYLOAD]),
    )
