from __future__ import annotations

import keras_tuner
import pytest

from autokeras_nas.objectives import ResourceReward, as_objective
from autokeras_nas.search.rewards import reward_of, weighed

REWARD = ResourceReward("val_accuracy", "parameters", target=100, exponent=-1.0)


def test_more_is_better_whatever_the_direction():
    assert reward_of(as_objective("val_accuracy"), {"val_accuracy": 0.7}) == 0.7
    assert reward_of(as_objective("val_loss"), {"val_loss": 0.7}) == -0.7
    several = as_objective(["val_accuracy", "val_loss"])
    assert reward_of(several, {"val_accuracy": 0.75, "val_loss": 0.5}) == 0.25


@pytest.mark.parametrize("logs", [{}, {"val_loss": float("nan")}, {"val_loss": float("inf")}])
def test_what_is_not_finite_is_no_reward(logs):
    assert reward_of(keras_tuner.Objective("val_loss", "min"), logs) is None


def test_a_score_is_weighed_by_the_cost():
    logs = weighed(REWARD, {"val_accuracy": 0.8}, {"nas/parameters": 200.0})
    assert logs == {"val_accuracy": 0.8, "nas/reward": 0.4}
    assert reward_of(REWARD, logs) == 0.4


def test_what_is_not_known_is_not_weighed():
    assert weighed(REWARD, {"val_accuracy": 0.8}, {}) == {"val_accuracy": 0.8}
    assert weighed(REWARD, {}, {"nas/parameters": 200.0}) == {}
    assert reward_of(REWARD, {"val_accuracy": 0.8}) is None
    plain = as_objective("val_accuracy")
    assert weighed(plain, {"val_accuracy": 0.8}, {"nas/parameters": 2.0}) == {"val_accuracy": 0.8}
