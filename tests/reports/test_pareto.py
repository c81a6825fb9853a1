from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from autokeras_nas.reports.pareto import pareto_front


def board(points):
    scores, costs = zip(*points, strict=True)
    trials = [f"{k:04d}" for k in range(len(points))]
    return pd.DataFrame({"trial": trials, "score": scores, "parameters": costs})


def test_nothing_on_the_front_is_beaten_and_everything_else_is():
    rng = np.random.default_rng(0)
    points = [(round(rng.random(), 2), int(rng.integers(1, 50))) for _ in range(200)]
    front = pareto_front(board(points))
    chosen = set(zip(front["score"], front["parameters"], strict=True))
    for score, cost in points:
        beaten = any(s >= score and c <= cost and (s, c) != (score, cost) for s, c in points)
        assert ((score, cost) in chosen) == (not beaten)
    assert front["parameters"].is_monotonic_increasing and front["score"].is_monotonic_increasing


def test_of_equal_trials_the_first_stays():
    assert list(pareto_front(board([(0.5, 3), (0.5, 3), (0.4, 3)]))["trial"]) == ["0000"]


def test_small_scores_are_better_where_they_are_minimized():
    front = pareto_front(board([(0.5, 10), (0.2, 20), (0.9, 5), (0.6, 12)]), maximize=False)
    assert list(front["trial"]) == ["0002", "0000", "0001"]


def test_the_knee_is_where_cost_stops_to_pay():
    # Costs rise tenfold each; the second step buys most of what there is.
    front = pareto_front(board([(0.1, 1), (0.8, 10), (0.85, 100), (0.9, 1000)]))
    assert list(front["trial"][front["knee"]]) == ["0001"]
    assert list(pareto_front(board([(0.1, 1), (0.8, 10)]))["knee"]) == [False, True]


def test_trials_without_score_or_cost_are_left_out():
    front = pareto_front(board([(0.5, 10), (None, 1), (0.9, None)]))
    assert list(front["trial"]) == ["0000"]
    with pytest.raises(ValueError, match="No trial"):
        pareto_front(board([(None, 1)]))


def test_an_unknown_cost_lists_the_known_ones():
    with pytest.raises(ValueError, match="'watts'.*parameters"):
        pareto_front(board([(0.5, 1)]), cost="watts")
