from __future__ import annotations

import pytest

from autokeras_nas.search.arguments import stopping_for


def test_the_median_rule_stops_trials_of_one_training():
    assert stopping_for("auto", 1) == "median"
    assert stopping_for("auto", 2) is None


@pytest.mark.parametrize("trainings", [1, 2])
def test_a_rule_that_is_named_is_taken(trainings):
    assert stopping_for("successive_halving", trainings) == "successive_halving"
    assert stopping_for(None, trainings) is None


def test_an_unknown_rule_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'median'"):
        stopping_for("medain", 1)
