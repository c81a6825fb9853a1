"""Screening: which of several proposals becomes the trial, and which proposals are left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import toys

from autokeras_nas.architecture import Budget, HyperParameterGrammar, Proposal
from autokeras_nas.oracles import ORACLES, NasOracle, Screening

GRAMMAR = HyperParameterGrammar(toys.ordinal_space(2, 9))


class Listed(NasOracle):
    """Proposes what was handed in, in turn, for ever."""

    def __init__(self, proposals, **kwargs):
        super().__init__("val_accuracy", seed=0, grammar=GRAMMAR, **kwargs)
        self.verbose = self.idle_seconds = 0
        self.proposals = list(proposals)

    def propose(self):
        self.next_rng()
        return self.proposals[(self._counter - 1) % len(self.proposals)]


def pair(one, other=0, **kwargs):
    return Proposal({"c0": one, "c1": other}, **kwargs)


def first(values):
    """A score: the first number."""
    return values["c0"]


def screened(proposals, candidates=3, score=first, **kwargs):
    oracle = Listed(proposals, **kwargs)
    oracle.screening = Screening(score, candidates)
    return oracle


def tried(oracle, trials):
    return [values["c0"] for values in toys.run(oracle, trials)]


def test_best_of_each_few_becomes_a_trial():
    oracle = screened(map(pair, [1, 3, 2, 8, 4, 7]))
    assert tried(oracle, 2) == [3, 8]


def test_equal_proposals_are_one_candidate():
    oracle = screened(map(pair, [1, 1, 1, 2, 2, 5, 7]))
    assert tried(oracle, 1) == [5]


def test_a_leaf_that_knows_no_other_is_taken_at_its_word():
    assert tried(screened([pair(4)]), 1) == [4]


def test_of_equals_the_first_is_taken():
    oracle = screened(map(pair, [1, 3, 2]), score=lambda values: 0.0)
    assert tried(oracle, 1) == [1]


@pytest.mark.parametrize("unknown", [None, math.nan, -math.inf])
def test_what_has_no_score_comes_last(unknown):
    oracle = screened(map(pair, [8, 1, 7]), score=lambda v: v["c0"] if v["c0"] < 5 else unknown)
    assert tried(oracle, 1) == [1]


def test_what_may_be_no_trial_is_not_scored():
    scored = []

    def score(values):
        scored.append(values["c0"])
        return values["c0"]

    oracle = screened(map(pair, [8, 1, 2, 7, 3]), score=score)
    oracle.checks.append(lambda values: "too large" if values["c0"] > 5 else None)
    assert tried(oracle, 1) == [3] and scored == [1, 2, 3]


@pytest.mark.parametrize(
    "settled",
    [
        {"repeat": 1},
        {"measure": "continue", "parents": ("0000",)},
        {"measure": "shared", "parents": ("0000",)},
        {"budget": Budget(epochs=9, initial_epoch=3)},
    ],
    ids=str,
)
def test_what_goes_on_or_comes_again_is_left_alone(settled):
    fixed = pair(1, **settled)
    assert screened([fixed, pair(5), pair(6)])._next_proposal() == fixed
    # Nor is it a candidate beside others.
    beside = screened([pair(1), pair(8, **settled), pair(2), pair(3)])
    assert beside._next_proposal() == pair(3)


def test_children_that_inherit_are_screened():
    children = [pair(k, measure="inherit", parents=("0000",)) for k in (1, 4, 2)]
    assert screened(children)._next_proposal() == children[1]


def test_initial_architectures_and_finalists_are_left_alone():
    oracle = screened(
        map(pair, [1, 3, 2, 4]), initial_architectures=[pair(0).values], max_trials=4, finalists=1
    )
    ran = toys.run(oracle, 4, evaluate=lambda trial: trial.hyperparameters.values["c0"] / 10)
    assert [values["c0"] for values in ran] == [0, 3, 4, 4]
    assert "nas/individual" in ran[-1]


def test_nothing_to_propose_stays_nothing():
    assert tried(screened([pair(1), None, pair(9)]), 1) == [1]
    assert screened([None, pair(9)]).create_trial("tuner0").status == "STOPPED"


@pytest.mark.parametrize("name", ORACLES)
def test_any_oracle_tries_better_architectures(name):
    def mean(screening):
        oracle = toys.make_oracle(name)
        oracle.screening = screening
        # The last twenty: of evolution these are children, not the random beginning.
        return np.mean([toys.score(values) for values in toys.run(oracle, 30)[10:]])

    assert mean(Screening(toys.score)) > mean(None) + 0.02


@pytest.mark.parametrize("name", ORACLES)
def test_resumed_search_continues_the_unbroken_one(name, tmp_path):
    def run(folder, trials):
        oracle = toys.make_oracle(name, tmp_path / folder)
        oracle.screening = Screening(toys.score, candidates=4)
        return toys.run(oracle, trials)

    assert run("b", 13) + run("b", 7) == run("a", 20)


@pytest.mark.parametrize("candidates", [1, 0, 2.5, "all"])
def test_one_candidate_is_no_choice(candidates):
    with pytest.raises(ValueError, match="at least two candidates"):
        Screening(first, candidates)
