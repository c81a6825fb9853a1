from __future__ import annotations

import pytest
import toys

from autokeras_nas.architecture import HyperParameterGrammar
from autokeras_nas.costs import Costs
from autokeras_nas.search.limits import Cached, Limits

GRAMMAR = HyperParameterGrammar(toys.ordinal_space(2, 4))


def costs(values):
    """As many parameters as the digits say, from 10 on."""
    parameters = 10 + sum(values.values())
    return Costs(parameters, parameters, 2 * parameters, 4 * parameters)


@pytest.mark.parametrize(
    ("most", "reason"),
    [
        ({"parameters": 13}, None),
        ({"parameters": 12}, "Over the limit of 12 parameters: 13 parameters."),
        ({"flops": 25}, "Over the limit of 25 flops: 26 flops."),
        ({"bytes": 51, "parameters": 99}, "Over the limit of 51 bytes: 52 bytes."),
        ({}, None),
    ],
)
def test_what_costs_more_is_refused_with_its_cost(most, reason):
    assert Limits(most, costs).check({"c0": 1, "c1": 2}) == reason


def test_what_is_not_known_is_not_refused():
    assert Limits({"parameters": 1}, lambda values: None).check({}) is None


@pytest.mark.parametrize(
    ("most", "message"),
    [({"parametres": 3}, "parameters, flops, bytes, latency"), ({"flops": 0}, "flops=0")],
)
def test_limits_of_no_use_are_refused(most, message):
    with pytest.raises(ValueError, match=message):
        Limits(most, costs)


def test_latency_is_measured_last_and_only_where_it_decides():
    measured = []

    def latency(values):
        measured.append(values)
        return 0.02

    limits = Limits({"latency": 0.01, "parameters": 12}, costs, latency)
    assert limits.check({"c0": 3, "c1": 2}).endswith(": 15 parameters.") and not measured
    assert limits.check({"c0": 1, "c1": 0}) == "Over the limit of 0.01 s: 0.02 s."


def test_limits_that_nothing_keeps_tell_the_smallest():
    Limits({"parameters": 10}, costs).require_satisfiable(GRAMMAR, seed=0)
    with pytest.raises(ValueError, match="smallest: 10 parameters"):
        Limits({"parameters": 9}, costs).require_satisfiable(GRAMMAR, seed=0)


def test_costs_are_counted_once():
    counted = []

    def count(values):
        counted.append(values)
        return costs(values)

    cached = Cached(count, GRAMMAR.canonical)
    assert cached({"c0": 1, "c1": 2}) == cached({"c1": 2, "c0": 1})
    assert len(counted) == 1
