"""Random search: uniform per decision, deaf to scores, done when all is tried."""

import collections

import keras_tuner
import numpy as np
import pytest
import toys
from scipy import stats

LEAST_P = 1e-3


def drawn(space, count):
    oracle = toys.make_oracle("random", space=space)
    return [oracle.propose().values for _ in range(count)]


def test_each_decision_is_uniform_over_its_choices():
    values = drawn(toys.ordinal_space(5, 7), 3500)
    for name in values[0]:
        counts = collections.Counter(v[name] for v in values)
        assert len(counts) == 7
        assert stats.chisquare(list(counts.values())).pvalue > LEAST_P


def test_decisions_are_drawn_independently():
    values = drawn(toys.ordinal_space(4, 3), 3600)
    table = np.zeros((3, 3))
    for v in values:
        table[v["c0"], v["c1"]] += 1
    assert stats.chi2_contingency(table).pvalue > LEAST_P


def test_conditional_decision_is_drawn_only_where_it_exists():
    values = drawn(toys.mixed_space(), 1500)
    assert all(("width" in v) == (v["kind"] == "wide") for v in values)
    assert all(("depth" in v) == ("drop" in v) == (v["kind"] == "deep") for v in values)
    counts = collections.Counter(v["kind"] for v in values)
    assert stats.chisquare(list(counts.values())).pvalue > LEAST_P


def test_logarithmic_float_is_uniform_in_its_logarithm():
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    logs = [np.log10(v["rate"]) for v in drawn(hp, 2000)]
    assert stats.kstest(logs, stats.uniform(-4, 3).cdf).pvalue > LEAST_P


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_proposals_do_not_depend_on_scores(value):
    scored = toys.run(toys.make_oracle("random"), 30)
    assert scored == toys.run(toys.make_oracle("random"), 30, evaluate=lambda t: value)


def test_proposals_do_not_depend_on_the_order_of_ends():
    alone = toys.run(toys.make_oracle("random"), 30)
    together = toys.run_overlapping(toys.make_oracle("random"), 5, np.random.default_rng(0))
    assert alone == together


def test_each_architecture_is_drawn_once():
    oracle = toys.make_oracle("random", space=toys.ordinal_space(3, 3), max_trials=100)
    proposed = toys.run(oracle, 100)
    assert len(proposed) == 27 == len({tuple(sorted(v.items())) for v in proposed})
