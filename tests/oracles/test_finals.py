"""Finals: the best are measured once more, and the best mean wins."""

import numpy as np
import pytest
import toys

from autokeras_nas.architecture import Proposal
from autokeras_nas.oracles.finals import champion, next_finalist, runs_of_finalists
from autokeras_nas.oracles.finished import FinishedTrial


def trial(trial_id, reward, of=""):
    """A trial with a reward, or a further run of another."""
    proposal = Proposal({"a": int(of or trial_id)}, individual=of, repeat=1 if of else 0)
    return FinishedTrial(trial_id, proposal, "COMPLETED", reward, reward)


def proposals(trials):
    return [one.proposal for one in trials]


def test_runs_are_grouped_by_their_finalist():
    runs = runs_of_finalists([trial("0", 0.5), trial("1", 0.7), trial("2", 0.6, of="0")])
    assert {name: [t.trial_id for t in trials] for name, trials in runs.items()} == {
        "0": ["0", "2"],
        "1": ["1"],
    }


def test_a_run_whose_first_is_not_among_them_is_none():
    assert runs_of_finalists([trial("2", 0.6, of="0")]) == {}


def test_the_best_goes_first():
    trials = [trial("0", 0.5), trial("1", 0.7), trial("2", 0.6)]
    final = next_finalist(trials, proposals(trials), places=2)
    assert final == Proposal({"a": 1}, individual="1", repeat=1)


def test_a_finalist_in_flight_is_not_asked_for_again():
    trials = [trial("0", 0.5), trial("1", 0.7)]
    issued = [*proposals(trials), Proposal({"a": 1}, individual="1", repeat=1)]
    assert next_finalist(trials, issued, places=2).individual == "0"


def test_who_falls_behind_by_its_mean_makes_room_for_the_next():
    trials = [trial("0", 0.5), trial("1", 0.7), trial("2", 0.6), trial("3", 0.2, of="1")]
    assert next_finalist(trials, proposals(trials), places=1).individual == "2"


def test_finals_end_when_all_places_were_measured_once_more():
    trials = [trial("0", 0.5), trial("1", 0.7), trial("3", 0.68, of="1")]
    assert next_finalist(trials, proposals(trials), places=1) is None


def test_the_best_mean_wins_with_its_best_run():
    trials = [trial("0", 0.9), trial("1", 0.8), trial("2", 0.5, of="0"), trial("3", 0.82, of="1")]
    assert champion(trials).trial_id == "3"


def test_who_was_measured_once_cannot_win():
    trials = [trial("0", 0.9), trial("1", 0.8), trial("2", 0.7, of="1")]
    assert champion(trials).trial_id == "1"
    assert champion(trials[:2]) is None


# ---- In an oracle ---------------------------------------------------------------------------


def noisy(values, rng):
    return toys.score(values) + rng.normal(scale=0.05)


def search(oracle, trials, seed=0):
    """Runs trials with noise; the ids of those that were further runs."""
    rng = np.random.default_rng(seed)
    further = []
    for _ in range(trials):
        one = oracle.create_trial("tuner")
        if one.status == "STOPPED":
            break
        if "nas/repeat" in one.hyperparameters.values:
            further.append(one.trial_id)
        toys.finish(oracle, one, noisy(one.hyperparameters.values, rng))
    return further


@pytest.mark.parametrize(
    ("name", "settings"), [("random", {}), ("regularized_evolution", {"identity_rate": 0.0})]
)
def test_the_last_trials_measure_the_best_once_more(name, settings):
    oracle = toys.make_oracle(name, max_trials=20, finalists=3, **settings)
    assert search(oracle, 99) == ["0017", "0018", "0019"]
    best = oracle.get_trial(oracle.incumbent())
    named = best.hyperparameters.values.get("nas/individual", best.trial_id)
    runs = [t for t in oracle.completed() if named in (t.trial_id, t.proposal.individual)]
    assert len(runs) == 2


def test_without_finalists_the_best_score_wins():
    oracle = toys.make_oracle("random", max_trials=20)
    assert search(oracle, 99) == []
    assert oracle.incumbent() == oracle.get_best_trials(1)[0].trial_id


def test_a_time_budget_leaves_room_for_finals():
    now = [0.0]
    oracle = toys.make_oracle(
        "random", max_trials=None, time_budget=100.0, finalists=3, clock=lambda: now[0]
    )
    rng, further = np.random.default_rng(0), []
    while (one := oracle.create_trial("tuner")).status != "STOPPED":
        further.append("nas/repeat" in one.hyperparameters.values)
        now[0] += 5.0
        toys.finish(oracle, one, noisy(one.hyperparameters.values, rng))
    assert further == [False] * 17 + [True] * 3


def test_a_resumed_search_holds_the_same_finals(tmp_path):
    whole = search(toys.make_oracle("random", tmp_path / "a", max_trials=20, finalists=3), 99)
    search(toys.make_oracle("random", tmp_path / "b", max_trials=20, finalists=3), 18)
    resumed = toys.make_oracle("random", tmp_path / "b", max_trials=20, finalists=3)
    resumed.reload()
    assert whole[1:] == search(resumed, 99)


@pytest.mark.parametrize("finalists", [-1, 1.5, 11])
def test_a_number_of_finalists_that_makes_no_sense_is_refused(finalists):
    with pytest.raises(ValueError, match="from 0 to half of `max_trials`"):
        toys.make_oracle("random", max_trials=20, finalists=finalists)
