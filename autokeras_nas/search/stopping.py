"""Stopping: which trials may be stopped early, and the rule that each of them takes along."""

from __future__ import annotations

import collections
import warnings
from collections.abc import Callable

import keras_tuner
from keras_tuner.src.engine.trial import Trial

from autokeras_nas.architecture import Budget, Proposal, decode
from autokeras_nas.search.rewards import reward_of
from autokeras_nas.training import PROGRESS, STOPPING_RULES, StoppingRule
from autokeras_nas.training.stopping import Point

_MOST_CURVES = 1000
"""The last so many are compared with, so that the cost of a trial does not grow with the search."""

RuleMaker = Callable[[tuple[tuple[Point, ...], ...]], StoppingRule]
"""Makes a rule of the curves of finished trials; the class of a rule is one."""


class Stopping:
    """Makes the rule by which a trial is stopped early, of those that have finished before.

    The rule is made when the trial is submitted: what ends while it runs, in other slots, it does
    not know. A trial is compared with those of the same budget. Never stopped are trials that
    measure an architecture once more, such as finalists, and those of several trainings: a mean
    is what they are for.

    Args:
        rule: A registered name or a `RuleMaker`; None: nothing is stopped.
        oracle: Knows the trials; any KerasTuner oracle.

    Raises:
        ValueError: If there is no rule of this name.
    """

    def __init__(self, rule: str | RuleMaker | None, oracle: keras_tuner.Oracle):
        self._make = rule_maker(rule)
        self._oracle = oracle
        self._seen = 0
        self._curves: dict[tuple[Budget, str], collections.deque] = collections.defaultdict(
            lambda: collections.deque(maxlen=_MOST_CURVES)
        )

    def rule_for(self, proposal: Proposal, trainings: int) -> StoppingRule | None:
        """The rule for a trial that begins now; None: it may not be stopped.

        Args:
            proposal: The trial's.
            trainings: How many it consists of.
        """
        if self._make is None or proposal.repeat:
            return None
        if trainings > 1:
            warnings.warn(
                "Trials of several trainings are not stopped early: their score is a mean, with "
                "which one curve cannot be compared. Leave out `stopping`, or repeats and folds.",
                stacklevel=2,
            )
            return None
        for trial_id in self._oracle.end_order[self._seen :]:
            self._note(self._oracle.trials[trial_id])
        self._seen = len(self._oracle.end_order)
        return self._make(tuple(self._curves[_kind(proposal)]))

    def _note(self, trial: Trial) -> None:
        curve = reward_curve(trial, self._oracle.objective)
        if trial.status == "COMPLETED" and curve:
            self._curves[_kind(decode(trial.hyperparameters.values))].append(curve)


def rule_maker(rule: str | RuleMaker | None) -> RuleMaker | None:
    """What makes the rule that was asked for.

    Raises:
        ValueError: If there is no rule of this name.
    """
    return STOPPING_RULES[rule] if isinstance(rule, str) else rule


def reward_curve(trial: Trial, objective: keras_tuner.Objective) -> tuple[Point, ...]:
    """A finished trial's rewards by progress; epochs that lack either are left out."""
    epochs: dict[int, dict[str, float]] = collections.defaultdict(dict)
    for name, history in trial.metrics.metrics.items():
        for observation in history.get_history():
            epochs[observation.step][name] = float(observation.mean())
    rewards = [(logs, reward_of(objective, logs)) for _, logs in sorted(epochs.items())]
    return tuple(
        (logs[PROGRESS], reward)
        for logs, reward in rewards
        if reward is not None and PROGRESS in logs
    )


def _kind(proposal: Proposal) -> tuple[Budget, str]:
    """Trials of one kind are comparable."""
    return proposal.budget, proposal.measure
