"""Rewards: what an epoch is worth, whatever the objective and its direction."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras_tuner

from autokeras_nas.objectives import ResourceReward


def weighed(
    objective: keras_tuner.Objective, logs: Mapping[str, float], measures: Mapping[str, float]
) -> dict[str, float]:
    """An epoch's metrics, with the reward that the objective makes of score and cost.

    Args:
        objective: Where it is no `ResourceReward`, nothing is added.
        logs: The metrics; without a score nothing is added.
        measures: What is known of the trial; without the cost nothing is added.
    """
    if not isinstance(objective, ResourceReward) or not objective.score.has_value(logs):
        return dict(logs)
    cost = measures.get(f"nas/{objective.cost}")
    if cost is None:
        return dict(logs)
    return {**logs, objective.name: objective.of(objective.score.get_value(logs), cost)}


def reward_of(objective: keras_tuner.Objective, logs: Mapping[str, float]) -> float | None:
    """An epoch's objective, turned so that more is better; None: it has no finite one."""
    if not objective.has_value(logs):
        return None
    value = float(objective.get_value(logs))
    if not math.isfinite(value):
        return None
    return value if objective.direction == "max" else -value
