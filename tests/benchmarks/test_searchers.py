import itertools
import json

import keras_tuner
import pytest
from nas_bench.problems import SYNTHETIC
from nas_bench.searchers import UPSTREAM, Searcher
from nas_bench.simulation import simulate

from autokeras_nas.oracles import RandomSearch, RegularizedEvolution


def make(searcher, seed=0):
    hp = keras_tuner.HyperParameters()
    hp.Choice("a", [1, 2, 3])
    return searcher.make(hp, 60.0, seed, lambda: 7.0)


def test_text_is_read_and_written():
    searcher = Searcher.parse("regularized_evolution:tournament_size=3,population_size=10")
    assert searcher.settings == {"population_size": 10, "tournament_size": 3}
    assert str(searcher) == "regularized_evolution:population_size=10,tournament_size=3"
    assert Searcher.parse(str(searcher)) == searcher
    assert str(Searcher.parse("random")) == "random"
    assert Searcher.parse("random:a=word,b=None,c=0.5").settings == {
        "a": "word",
        "b": None,
        "c": 0.5,
    }


def test_settings_reach_the_oracle():
    oracle = make(Searcher.parse("regularized_evolution:population_size=7,identity_rate=0.0"), 4)
    assert type(oracle) is RegularizedEvolution
    assert (oracle.population_size, oracle.identity_rate, oracle.seed) == (7, 0.0, 4)
    assert oracle.objective == keras_tuner.Objective("score", "max")


def test_oracles_live_by_the_simulated_clock():
    oracle = make(Searcher("random"))
    assert type(oracle) is RandomSearch
    assert oracle.clock() == 7.0 and oracle.time_budget == 60.0 and oracle.max_trials is None


@pytest.mark.parametrize("name", UPSTREAM)
def test_upstream_oracles_have_seeds_even_for_zero_that_lie_far_apart(name):
    seeds = sorted(make(Searcher(name), seed).seed for seed in range(10))
    assert seeds[0] >= 1
    assert min(b - a for a, b in itertools.pairwise(seeds)) > 10_000


def test_neighbouring_seeds_of_upstream_are_not_one_search_shifted():
    first, *others = (
        [
            json.dumps(e.values)
            for e in simulate(SYNTHETIC["wide"], Searcher("keras_tuner.random"), seed, 20.0)
        ]
        for seed in range(3)
    )
    assert all(not set(first) & set(other) for other in others)


@pytest.mark.parametrize("text", ["", "randm", "random:a", "random:a=", "random:=1"])
def test_what_is_no_searcher_is_refused(text):
    with pytest.raises(ValueError, match="Received"):
        Searcher.parse(text)
