import numpy as np
import pandas as pd
import pytest

from autokeras_nas.reports.pareto import pareto_front
from autokeras_nas.search.front import Front


def front_of(*trials):
    front = Front()
    for number, (reward, cost) in enumerate(trials):
        front.add(str(number), reward, cost)
    return front.trials


def test_what_is_better_and_cheaper_replaces():
    assert front_of((0.5, 10), (0.6, 5)) == {"1"}
    assert front_of((0.6, 5), (0.5, 10)) == {"0"}


def test_what_costs_more_and_is_better_joins():
    assert front_of((0.5, 5), (0.6, 10), (0.4, 2)) == {"0", "1", "2"}


def test_one_can_replace_many():
    assert front_of((0.1, 1), (0.2, 2), (0.3, 3), (0.9, 9), (0.5, 1)) == {"3", "4"}


def test_of_equal_ones_the_first_stays():
    assert front_of((0.5, 5), (0.5, 5), (0.5, 6)) == {"0"}
    assert front_of((0.5, 5), (0.6, 5)) == {"1"}


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_front_of_the_leaderboard(seed):
    trials = np.random.default_rng(seed).integers(0, 8, (40, 2))
    board = pd.DataFrame(trials, columns=["score", "parameters"]).astype(float)
    board["trial"] = [str(number) for number in range(len(board))]
    assert front_of(*trials.tolist()) == set(pareto_front(board)["trial"])
