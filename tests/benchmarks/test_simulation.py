import keras_tuner
import numpy as np
import pytest
from nas_bench.problem import Measurement, Problem
from nas_bench.problems import SYNTHETIC
from nas_bench.searchers import Searcher
from nas_bench.simulation import simulate

from autokeras_nas.oracles import ORACLES


class Numbers(Problem):
    """Numbers from 1 to 20: so many seconds a trial takes, and so much it is worth."""

    seconds = 100.0

    def space(self):
        hp = keras_tuner.HyperParameters()
        hp.Choice("number", list(range(1, 21)))
        return hp

    def measure(self, values, rng):
        return Measurement(float(values["number"]), float(values["number"]))


class Watched(Searcher):
    """A random search whose oracle can be looked at."""

    def make(self, *arguments):
        self.__dict__["oracle"] = oracle = super().make(*arguments)
        return oracle


def test_trials_of_one_slot_follow_one_another():
    ended = simulate(Numbers(), Searcher("random"), 0, 60.0)
    assert len(ended) > 2
    assert [e.ended for e in ended] == np.cumsum([e.score for e in ended]).tolist()


def test_trials_that_would_end_too_late_are_lost():
    longer = simulate(Numbers(), Searcher("random"), 0, 100.0)
    for cut in (longer[2].ended, longer[3].ended - 0.5):
        ended = simulate(Numbers(), Searcher("random"), 0, cut)
        assert ended == longer[:3]


@pytest.mark.parametrize("slots", [2, 8])
def test_each_slot_runs_one_trial_at_a_time(slots):
    ended = simulate(Numbers(), Searcher("random"), 0, 21.0, slots)
    moments = np.arange(0.5, 21.0)
    running = [sum(e.ended - e.score < t < e.ended for e in ended) for t in moments]
    assert max(running) == slots
    # By the end what runs is lost, and so not among what ended.
    assert running[0] >= slots - 1
    assert [e.ended for e in ended] == sorted(e.ended for e in ended)


def test_free_slot_takes_the_next_trial_at_once():
    ended = simulate(Numbers(), Searcher("random"), 0, 60.0, 3)
    starts, ends = {e.ended - e.score for e in ended}, {0.0, *(e.ended for e in ended)}
    assert starts <= ends


def test_oracle_knows_the_simulated_time_and_what_still_runs():
    searcher = Watched("random")
    simulate(Numbers(), searcher, 0, 30.5, 4)
    oracle = searcher.oracle
    assert oracle.elapsed() <= 30.5
    assert oracle.progress() == oracle.elapsed() / 30.5
    assert len(oracle.start_order) - len(oracle.end_order) == 4


def test_exhausted_space_ends_the_search():
    ended = simulate(Numbers(), Searcher("random"), 0, 1e6, 3)
    assert sorted(e.score for e in ended) == list(range(1, 21))


@pytest.mark.parametrize("name", [*ORACLES, "keras_tuner.random", "keras_tuner.hyperband"])
@pytest.mark.parametrize("slots", [1, 4])
def test_same_seed_gives_the_same_search(name, slots):
    problem = SYNTHETIC["noise"]
    first, again, other = (
        simulate(problem, Searcher(name), seed, 30.0 / slots, slots) for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("problem", SYNTHETIC)
@pytest.mark.parametrize("name", [*ORACLES, "keras_tuner.random", "keras_tuner.hyperband"])
def test_every_searcher_searches_every_problem(name, problem):
    ended = simulate(SYNTHETIC[problem], Searcher(name), 0, 25.0)
    assert len(ended) > 10
    names = {entry.name for entry in SYNTHETIC[problem].space().space}
    assert all(e.values.keys() <= names for e in ended)


def test_upstream_bayesian_search_takes_part():
    searcher = Searcher("keras_tuner.bayesian", {"num_initial_points": 3})
    assert len(simulate(Numbers(), searcher, 0, 40.0)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["noise", "conditional", "mixed", "wide"])
def test_evolution_finds_better_than_random_search_where_steps_lead_upward(problem):
    """Mean truth of the best by score, 20 seeds each."""

    def found(name, seed):
        ended = simulate(SYNTHETIC[problem], Searcher(name), seed, 200.0)
        return SYNTHETIC[problem].truth(max(ended, key=lambda e: e.score).values)

    means = {
        name: np.mean([found(name, seed) for seed in range(20)])
        for name in ("random", "regularized_evolution")
    }
    assert means["regularized_evolution"] > means["random"]
