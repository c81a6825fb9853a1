from __future__ import annotations

import keras_tuner
import pytest

from autokeras_nas.oracles import ORACLES
from autokeras_nas.search.arguments import checked_screening, checked_stopping, stopping_for
from autokeras_nas.training import STOPPING_RULES
from autokeras_nas.training.zero_cost import SCORES


def test_the_median_rule_stops_trials_of_one_training():
    assert stopping_for("auto", 1) == "median"
    assert stopping_for("auto", 2) is None


@pytest.mark.parametrize("trainings", [1, 2])
def test_a_rule_that_is_named_is_taken(trainings):
    assert stopping_for("successive_halving", trainings) == "successive_halving"
    assert stopping_for(None, trainings) is None


def test_an_unknown_rule_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'median'"):
        checked_stopping("medain")


@pytest.mark.parametrize("rule", ["auto", None, *STOPPING_RULES])
def test_known_rules_are_taken_as_they_are(rule):
    assert checked_stopping(rule) == rule


@pytest.mark.parametrize("score", [None, *SCORES])
def test_known_scores_are_taken_as_they_are(score):
    assert checked_screening(score, 2, "random") == score
    assert checked_screening(score, 2, ORACLES["random"]("val_accuracy")) == score


@pytest.mark.parametrize(
    ("score", "candidates", "message"),
    [
        ("sinflow", 8, "Did you mean 'synflow'"),
        ("synflow", 1, "at least two candidates.*candidates=1"),
        ("synflow", 2.5, "at least two candidates"),
    ],
)
def test_what_cannot_be_screened_by_is_refused(score, candidates, message):
    with pytest.raises(ValueError, match=message):
        checked_screening(score, candidates, "random")


def test_a_foreign_oracle_cannot_screen():
    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_accuracy", max_trials=3)
    assert checked_screening(None, 8, oracle) is None
    with pytest.raises(ValueError, match="Only our own oracles can screen"):
        checked_screening("naswot", 8, oracle)
