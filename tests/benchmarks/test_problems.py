import itertools

import numpy as np
import pytest
from nas_bench.problems import SYNTHETIC, load_judge, load_problem, mixed, wide

from autokeras_nas.architecture import HyperParameterGrammar

COUNTABLE = {"trap": 2**16, "plateau": 4**8, "noise": 2**16, "conditional": 1 + 12 + 3905}


def architectures(space):
    """All of them, in the quickest way."""
    if any(entry.conditions for entry in space.space):
        return list(HyperParameterGrammar(space).enumerate())
    names = [entry.name for entry in space.space]
    everything = itertools.product(*(entry.values for entry in space.space))
    return [dict(zip(names, values, strict=True)) for values in everything]


def neighbours(grammar, values, rng, draws=200):
    return [grammar.mutate(values, rng) for _ in range(draws)]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_optimum_is_legal_and_worth_what_the_judge_calls_best(name, tmp_path):
    problem, judge = load_problem(name, tmp_path), load_judge(name, tmp_path)
    assert HyperParameterGrammar(problem.space()).is_legal(problem.optimum)
    assert judge.value(problem.optimum) == judge.best == 1.0


@pytest.mark.parametrize("name", COUNTABLE)
def test_no_architecture_beats_the_optimum(name):
    problem = SYNTHETIC[name]
    everything = architectures(problem.space())
    assert len(everything) == COUNTABLE[name]
    worths = [problem.truth(values) for values in everything]
    assert max(worths) == 1.0
    assert [v for v, w in zip(everything, worths, strict=True) if w == 1.0] == [problem.optimum]


def test_wide_optimum_is_the_best_choice_of_each_decision():
    """The worth is a mean over decisions, so the best of each is the best of all."""
    optimum = dict(wide.PROBLEM.optimum)
    for k, choice in itertools.product(range(wide.DECISIONS), range(wide.CHOICES)):
        changed = {**optimum, f"part_{k}": choice}
        assert (wide.score(changed) < 1.0) == (changed != optimum)
    rng = np.random.default_rng(0)
    one, two = (HyperParameterGrammar(wide.space()).sample(rng) for _ in range(2))
    mixture = [{**one, f"part_{k}": two[f"part_{k}"]} for k in range(wide.DECISIONS)]
    gains = sum(wide.score(m) - wide.score(one) for m in mixture)
    assert wide.score(two) - wide.score(one) == pytest.approx(gains)


def test_no_mixed_architecture_drawn_or_next_to_the_optimum_beats_it():
    grammar, rng = HyperParameterGrammar(mixed.space()), np.random.default_rng(0)
    drawn = [grammar.sample(rng) for _ in range(2_000)]
    near = neighbours(grammar, mixed.PROBLEM.optimum, rng)
    assert max(mixed.score(values) for values in [*drawn, *near]) < 1.0
    sgd = {**mixed.PROBLEM.optimum, "optimizer": "sgd"}
    assert mixed.score({**sgd, "rate": 0.03}) == pytest.approx(0.98)
    assert mixed.score(sgd) < 0.98


def test_trap_leads_away_from_its_optimum():
    truth = SYNTHETIC["trap"].truth
    bits = {f"bit_{k}": 0 for k in range(16)}
    assert truth(bits) == 0.75
    worths = [truth(bits | {f"bit_{j}": 1 for j in range(k)}) for k in range(5)]
    assert worths == [0.75, 0.6875, 0.625, 0.5625, 0.8125]


def test_most_steps_on_the_plateau_change_nothing():
    problem, rng = SYNTHETIC["plateau"], np.random.default_rng(0)
    grammar = HyperParameterGrammar(problem.space())
    starts = [grammar.sample(rng) for _ in range(50)]
    same = [
        problem.truth(n) == problem.truth(s)
        for s in starts
        for n in neighbours(grammar, s, rng, 20)
    ]
    assert np.mean(same) > 0.8


def test_noise_is_in_trials_and_not_in_the_judgement(tmp_path):
    problem, judge = load_problem("noise", tmp_path), load_judge("noise", tmp_path)
    half = {f"bit_{k}": k % 2 for k in range(16)}
    rng = np.random.default_rng(0)
    scores = [problem.measure(half, rng).score for _ in range(2_000)]
    assert judge.value(half) == 0.5
    assert np.mean(scores) == pytest.approx(0.5, abs=0.01)
    assert np.std(scores) == pytest.approx(0.1, rel=0.1)


def test_small_networks_are_worth_less_than_good_trees():
    truth = SYNTHETIC["conditional"].truth
    tree = truth({"kind": "tree", "depth": 4, "prune": True})
    small = truth({"kind": "network", "layers": 1, "units_0": 64})
    assert small < tree < 1.0


@pytest.mark.parametrize("name", SYNTHETIC)
def test_trials_take_unequal_times(name):
    problem, rng = SYNTHETIC[name], np.random.default_rng(0)
    seconds = [problem.measure(problem.optimum, rng).seconds for _ in range(100)]
    assert 0.5 <= min(seconds) < 0.7 and 1.3 < max(seconds) <= 1.5
