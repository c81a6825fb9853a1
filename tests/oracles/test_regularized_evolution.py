"""Regularized evolution: what Algorithm 1 of Real et al. promises, counted."""

import collections
import json

import pytest
import toys
from scipy import stats

from autokeras_nas.oracles import RegularizedEvolution

SURELY = 400  # A tournament so large that the population's best is nearly surely in it.
LEAST_P = 1e-3


def evolution(folder=None, decisions=30, choices=4, **settings):
    settings = {"max_trials": 1000, "population_size": 6, **settings}
    return toys.make_oracle(
        "regularized_evolution", folder, space=toys.ordinal_space(decisions, choices), **settings
    )


def changed(one, other):
    """The names of the decisions in which two architectures differ."""
    return [name for name in one if one[name] != other[name]]


def children(oracle, count):
    """Proposals for the population as it stands, each with its parent.

    The members are random and far apart, so that a child has one nearest member.
    """
    members = oracle.completed()[-oracle.population_size :]
    for _ in range(count):
        child = oracle.propose()
        yield child, min(members, key=lambda m: len(changed(m.values, child.values)))


def filled(**settings):
    """An oracle with a full population of random members; the third is the best."""
    oracle = evolution(**settings)
    toys.run(oracle, oracle.population_size, evaluate=lambda t: float(t.trial_id == "0002"))
    return oracle


def test_population_is_the_last_completed_trials():
    oracle = evolution(tournament_size=SURELY, identity_rate=0.0)
    # Each is worse than the one before, so the best is always the oldest alive.
    toys.run(oracle, 40, evaluate=lambda t: -float(t.trial_id))
    history = oracle.completed()
    for cycle in range(6, 40):
        assert len(changed(history[cycle].values, history[cycle - 6].values)) == 1


def test_oldest_member_leaves_the_population():
    oracle = evolution(tournament_size=SURELY, identity_rate=0.0)
    toys.run(oracle, 40, evaluate=lambda t: 100.0 if t.trial_id == "0000" else float(t.trial_id))
    history = oracle.completed()
    # The first trial is by far the best, and a parent as long as it lives: once.
    assert len(changed(history[6].values, history[0].values)) == 1
    steps = [
        len(changed(history[cycle].values, history[cycle - 1].values)) for cycle in range(7, 40)
    ]
    # A child that was tried already is mutated once more.
    assert set(steps) <= {1, 2} and steps.count(1) > 30


def test_a_child_that_is_known_is_mutated_further():
    oracle = toys.make_oracle(
        "regularized_evolution",
        space=toys.ordinal_space(2, 3),
        max_trials=9,
        population_size=2,
        tournament_size=SURELY,
        identity_rate=0.0,
    )
    proposed = toys.run(oracle, 9, evaluate=lambda t: 9.0 if t.trial_id == "0000" else 0.0)
    assert len({json.dumps(values, sort_keys=True) for values in proposed}) == 9


def test_result_is_the_best_of_history_not_of_the_population():
    oracle = evolution()
    toys.run(oracle, 40, evaluate=lambda t: -float(t.trial_id))
    assert oracle.incumbent() == "0000" == oracle.get_best_trials()[0].trial_id
    assert len(oracle.finished()) == 40


def test_failed_trials_never_enter_the_population():
    oracle = evolution(tournament_size=SURELY, identity_rate=0.0, max_retries_per_trial=0)
    toys.run(oracle, 6, evaluate=lambda t: -float(t.trial_id))
    for _ in range(4):
        toys.finish(oracle, oracle.create_trial("tuner0"), status="FAILED")
    best = oracle.completed()[0]
    assert len(oracle.completed()) == 6
    child = oracle.create_trial("tuner0").hyperparameters.values
    assert len(changed(child, best.values)) == 1


def test_loss_is_minimised():
    oracle = evolution(tournament_size=SURELY, identity_rate=0.0, objective="val_loss")

    def report(trial):
        oracle.update_trial(trial.trial_id, {"val_loss": float(trial.trial_id)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    for _ in range(7):
        report(oracle.create_trial("tuner0"))
    first, *_, child = oracle.completed()
    assert len(changed(child.values, first.values)) == 1


def test_child_differs_from_its_parent_in_one_decision():
    oracle = filled(identity_rate=0.0)
    assert {len(changed(p.values, c.values)) for c, p in children(oracle, 500)} == {1}


def test_changed_decision_and_its_new_choice_are_uniform():
    oracle = filled(identity_rate=0.0, decisions=10, choices=4)
    names, steps = collections.Counter(), collections.Counter()
    for child, parent in children(oracle, 3000):
        (name,) = changed(parent.values, child.values)
        names[name] += 1
        steps[(child.values[name] - parent.values[name]) % 4] += 1
    assert len(names) == 10 and sorted(steps) == [1, 2, 3]
    assert stats.chisquare(list(names.values())).pvalue > LEAST_P
    assert stats.chisquare(list(steps.values())).pvalue > LEAST_P


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_share_of_children_repeats_the_parent(rate):
    oracle = filled(identity_rate=rate)
    same = 0
    for child, parent in children(oracle, 3000):
        assert (child.repeat > 0) == (child.values == parent.values)
        same += child.repeat > 0
    assert stats.binomtest(same, 3000, rate).pvalue > LEAST_P


def test_published_identity_rate_is_the_default():
    assert RegularizedEvolution("val_accuracy").identity_rate == 0.05


def test_repeated_parent_is_trained_anew():
    oracle = filled(identity_rate=0.9, tournament_size=SURELY)
    toys.run(oracle, 12, evaluate=lambda t: float(t.trial_id))
    repeats = [t for t in oracle.completed() if t.proposal.repeat]
    assert repeats
    for twin in repeats:
        family = [t for t in oracle.completed() if t.values == twin.values]
        assert len({t.score for t in family}) == len(family) > 1
        assert twin.proposal.is_plain


@pytest.mark.parametrize("tournament_size", [2, 6, 12])
def test_tournament_is_drawn_with_replacement(tournament_size):
    oracle = filled(tournament_size=tournament_size)
    wins = sum(parent.trial_id == "0002" for _, parent in children(oracle, 2000))
    expected = 1 - (1 - 1 / 6) ** tournament_size
    assert stats.binomtest(wins, 2000, expected).pvalue > LEAST_P


def test_default_tournament_is_a_quarter_of_the_population():
    oracle = filled(population_size=24, tournament_size=None)
    wins = sum(parent.trial_id == "0002" for _, parent in children(oracle, 2000))
    assert stats.binomtest(wins, 2000, 1 - (1 - 1 / 24) ** 6).pvalue > LEAST_P


def test_population_starts_as_random_search():
    evolved = toys.run(evolution(population_size=10), 12)
    random_search = toys.make_oracle("random", space=toys.ordinal_space(30, 4), max_trials=1000)
    drawn = toys.run(random_search, 12)
    assert evolved[:10] == drawn[:10]
    assert evolved[10] != drawn[10]


def test_running_trials_are_not_yet_members():
    oracle = evolution(population_size=4)
    random_search = toys.make_oracle("random", space=toys.ordinal_space(30, 4), max_trials=1000)
    for k in range(12):
        ours = oracle.create_trial(f"slot{k}").hyperparameters.values
        assert ours == random_search.create_trial(f"slot{k}").hyperparameters.values


@pytest.mark.parametrize(
    "max_trials, expected", [(1, 10), (99, 10), (109, 10), (300, 30), (1000, 100), (20000, 100)]
)
def test_population_is_scaled_to_the_trials(max_trials, expected):
    oracle = evolution(population_size=None, max_trials=max_trials)
    assert oracle.scaled_to_budget(100) == expected


def test_population_is_ten_where_only_time_is_given():
    oracle = evolution(population_size=None, max_trials=None, time_budget=60.0)
    assert oracle.scaled_to_budget(100) == 10


def test_scaled_population_is_frozen_when_a_search_is_resumed(tmp_path):
    settings = {"population_size": None, "tournament_size": SURELY, "identity_rate": 0.0}
    toys.run(evolution(tmp_path, max_trials=200, **settings), 25, evaluate=_ever_worse)
    resumed = evolution(tmp_path, max_trials=2000, **settings)
    toys.run(resumed, 25, evaluate=_ever_worse)
    assert resumed.scaled_to_budget(100) == 20
    history = resumed.completed()
    for cycle in range(20, 50):
        assert len(changed(history[cycle].values, history[cycle - 20].values)) == 1


def _ever_worse(trial):
    return -float(trial.trial_id)


def test_selection_climbs_a_toy():
    oracle = evolution(population_size=20, tournament_size=5, decisions=12)
    toys.run(oracle, 300)
    scores = [t.score for t in oracle.completed()]
    assert sum(scores[-20:]) / 20 > max(scores[:20])


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"population_size": 1}, "`population_size` must be at least 2.*Received: 1"),
        ({"tournament_size": 1}, "`tournament_size` must be at least 2.*`random` oracle"),
        ({"tournament_size": 0}, "`tournament_size` must be at least 2"),
        ({"identity_rate": -0.1}, r"`identity_rate` must be in \[0, 1\).*Received: -0.1"),
        ({"identity_rate": 1.0}, "`identity_rate` must be in"),
        ({"max_trials": 0}, "`max_trials` must be positive"),
        ({"time_budget": -1.0}, "`time_budget` must be positive"),
    ],
)
def test_bad_arguments_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RegularizedEvolution("val_accuracy", **settings)
