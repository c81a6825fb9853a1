"""The policy gradient among trials: what it draws, learns, forgets and takes up again."""

from __future__ import annotations

import json
import math

import keras_tuner
import numpy as np
import pytest
import toys

from autokeras_nas.architecture import Decision, Grammar, canonical_text
from autokeras_nas.oracles import PolicyGradient

LAYER = ("lstm_0_input", "")
TABLES = ("choices", "heads", "head_biases")


def oracle(folder=None, space=None, **settings):
    settings = {"max_trials": 1000, "children": 4, "learning_rate": 0.05, **settings}
    space = toys.ordinal_space(4, 4) if space is None else space
    return toys.make_oracle("policy_gradient", folder, space=space, **settings)


def weights(searched):
    """A copy of all weights, of tables row by row, whatever the order of their rows."""
    policy = searched.learner.policy
    state = policy.get_state()
    keys = {"names": state["names"], **dict.fromkeys(TABLES, state["choices"])}
    copied = {}
    for name, array in policy.weights.items():
        rows = zip(keys[name], array, strict=True) if name in keys else [("", array)]
        copied.update({(name, str(key)): np.array(row) for key, row in rows})
    return copied


def same(first, second):
    """Whether two controllers are equal to the last bit."""
    return first.keys() == second.keys() and all(
        first[name].tobytes() == second[name].tobytes() for name in first
    )


class Watched(PolicyGradient):
    """Keeps what each update was given."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rewards = []

    def _rewards(self, measured):
        rewards = super()._rewards(measured)
        self.rewards.append(rewards.tolist())
        return rewards


def watched(**settings):
    direction = settings.pop("direction", "max")
    searched = Watched(
        objective=keras_tuner.Objective("score", direction),
        max_trials=100,
        seed=0,
        hyperparameters=toys.ordinal_space(4, 4),
        **{"children": 4, "learning_rate": 0.05, **settings},
    )
    searched.verbose = 0
    return searched


def end(searched, trial, *epochs, status="COMPLETED"):
    for step, value in enumerate(epochs):
        searched.update_trial(trial.trial_id, {"score": value}, step=step)
    trial.status = status
    searched.end_trial(trial)


def test_updates_follow_when_so_many_have_ended():
    searched = oracle(children=3)
    start = weights(searched)
    toys.run(searched, 2)
    assert searched.learner.updates == 0
    toys.run(searched, 1)
    assert searched.learner.updates == 1
    assert not np.array_equal(weights(searched)[LAYER], start[LAYER])
    toys.run(searched, 8)
    assert searched.learner.updates == 3


def test_children_in_flight_count_when_they_end():
    searched = watched(children=2)
    running = [searched.create_trial(f"t{k}") for k in range(6)]
    for k in (5, 2, 4, 0):
        end(searched, running[k], 0.1 * k)
    np.testing.assert_allclose(searched.rewards, [[0.5**3, 0.2**3], [0.4**3, 0.0]])
    assert searched.learner.updates == 2


def test_accuracies_are_cubed():
    searched = watched(children=2)
    for accuracy in (0.5, 0.9):
        end(searched, searched.create_trial("t"), accuracy)
    np.testing.assert_allclose(searched.rewards, [[0.125, 0.729]])


def test_the_best_of_the_last_five_epochs_counts():
    searched = watched(children=2)
    end(searched, searched.create_trial("t"), 0.9, 0.1, 0.5, 0.3, 0.2, 0.1)
    end(searched, searched.create_trial("t"), 0.4, 0.3)
    np.testing.assert_allclose(searched.rewards, [[0.125, 0.064]])


def test_epochs_that_diverged_are_passed_over():
    searched = watched(children=2)
    end(searched, searched.create_trial("t"), 0.8, math.nan, 0.5, math.nan)
    end(searched, searched.create_trial("t"), 0.5)
    np.testing.assert_allclose(searched.rewards, [[0.512, 0.125]])


def test_negative_rewards_keep_their_sign():
    searched = watched(children=2, reward_power=2.0)
    for value in (-3.0, 2.0):
        end(searched, searched.create_trial("t"), value)
    np.testing.assert_allclose(searched.rewards, [[-9.0, 4.0]])


def test_a_loss_is_worth_the_share_of_trials_that_it_beats():
    searched = watched(children=4, direction="min")
    for loss in (3.0, 1e9, 0.1, 3.0):
        end(searched, searched.create_trial("t"), loss)
    # Of four one is worse than 3.0 and two are 3.0, which count half.
    np.testing.assert_allclose(searched.rewards, [[0.5, 0.125, 0.875, 0.5]])
    for loss in (0.05, 0.05, 0.05, 1e12):
        end(searched, searched.create_trial("t"), loss)
    np.testing.assert_allclose(searched.rewards[1], [0.8125, 0.8125, 0.8125, 0.0625])


def test_ranks_may_be_asked_for_where_more_is_better():
    searched = watched(children=2, reward="rank")
    for score in (0.1, 0.9):
        end(searched, searched.create_trial("t"), score)
    np.testing.assert_allclose(searched.rewards, [[0.25, 0.75]])


def test_a_failed_trial_is_worth_what_the_worst_is():
    searched = watched(children=3, max_retries_per_trial=0)
    end(searched, searched.create_trial("t"), 0.5)
    end(searched, searched.create_trial("t"), status="FAILED")
    end(searched, searched.create_trial("t"), 0.4)
    np.testing.assert_allclose(searched.rewards, [[0.125, 0.064, 0.064]])


def test_failures_before_anything_completed_are_left_out():
    searched = watched(children=2, max_retries_per_trial=0)
    for _ in range(3):
        end(searched, searched.create_trial("t"), status="FAILED")
    for score in (0.5, 0.4):
        end(searched, searched.create_trial("t"), score)
    np.testing.assert_allclose(searched.rewards, [[0.125, 0.064]])


def test_failures_make_their_like_less_probable():
    searched = oracle(space=toys.ordinal_space(6, 3), max_retries_per_trial=0, learning_rate=0.03)
    early = late = 0
    for k in range(160):
        trial = searched.create_trial("t")
        fails = trial.hyperparameters.values["c0"] == 1
        early, late = early + (fails and k < 40), late + (fails and k >= 120)
        toys.finish(searched, trial, 0.5 + 0.01 * (k % 3), "FAILED" if fails else "COMPLETED")
    assert late < early / 2


def test_no_network_is_trained_twice_by_accident():
    searched = oracle(space=toys.ordinal_space(3, 3), learning_rate=0.5)
    proposed = toys.run(searched, 27, evaluate=lambda t: float(t.hyperparameters.values["c0"]))
    assert len({canonical_text(values) for values in proposed}) == 27


def test_what_is_drawn_again_is_mutated():
    """A controller that has made up its mind still finds what is new, and near."""
    searched = oracle(space=toys.ordinal_space(8, 4))
    favourite = {f"c{k}": 3 for k in range(8)}
    policy = searched.learner.policy
    policy.trace(searched.grammar, favourite)
    keys, biases = policy.get_state()["choices"], policy.weights["head_biases"]
    for number, (_, choice) in enumerate(keys):
        biases[number] = 50.0 * (choice == "3")
    first, *others = (searched.create_trial(f"t{k}") for k in range(20))
    assert first.hyperparameters.values == favourite
    for trial in others:
        changed = sum(v != 3 for v in trial.hyperparameters.values.values())
        assert 1 <= changed <= 2


def test_proposing_changes_nothing_that_is_learned():
    searched = oracle()
    toys.run(searched, 9)
    before = json.dumps(searched.get_state())
    for _ in range(5):
        searched.propose()
    assert json.dumps(searched.get_state()) == before


def test_initial_architectures_are_learned_from():
    wanted = {f"c{k}": 3 for k in range(4)}
    searched = oracle(children=2, initial_architectures=[wanted])
    toys.run(searched, 2, evaluate=lambda t: float(t.trial_id == "0000"))
    policy = searched.learner.policy
    trace = policy.trace(searched.grammar, wanted)
    assert policy.read([trace]).log_probabilities[0] > 4 * math.log(0.25)


def test_finals_are_not_learned_from():
    searched = oracle(max_trials=20, finalists=3, children=1)
    toys.run(searched, 20)
    repeats = [t for t in searched.finished() if t.proposal.repeat]
    assert len(repeats) == 3
    assert searched.learner.updates == 17


def test_ppo_remembers_the_probability_at_which_a_child_became_a_trial():
    searched = oracle(method="ppo", children=2)
    running = [searched.create_trial(f"t{k}") for k in range(4)]
    policy = searched.learner.policy
    traces = [policy.trace(searched.grammar, t.hyperparameters.values) for t in running]
    logs = policy.read(traces).log_probabilities
    for trial in running[:2]:
        toys.finish(searched, trial)
    assert searched.learner.updates == 1
    left = searched.get_state()["in_flight"]
    assert [child[1] for child in left.values()] == pytest.approx(list(logs[2:]), rel=1e-12)
    assert policy.read(traces).log_probabilities[2] != pytest.approx(logs[2], rel=1e-6)


@pytest.mark.parametrize("method", ["reinforce", "ppo"])
@pytest.mark.parametrize("cut", [3, 50, 77])
def test_replayed_controller_is_the_same_to_the_last_bit(method, cut, tmp_path):
    space = toys.mixed_space
    unbroken = oracle(tmp_path / "a", space(), method=method)
    first = toys.run(unbroken, 90)
    toys.run(oracle(tmp_path / "b", space(), method=method), cut)
    resumed = oracle(tmp_path / "b", space(), method=method, seed=99)
    assert toys.run(resumed, 90 - cut) == first[cut:]
    assert same(weights(resumed), weights(unbroken))
    assert resumed.learner.baseline == unbroken.learner.baseline
    assert resumed.explain() == unbroken.explain()


@pytest.mark.parametrize("method", ["reinforce", "ppo"])
def test_children_in_flight_at_a_snapshot_are_learned_from_after_it(method, tmp_path):
    def search(folder, stop):
        searched = oracle(folder, toys.mixed_space(), method=method, learning_rate=0.02)
        running = [searched.create_trial(f"t{k}") for k in range(7)]
        for k in range(stop):
            slot = (3 * k) % 7
            toys.finish(searched, running[slot])
            running[slot] = searched.create_trial(f"t{slot}")
        return searched

    unbroken = search(tmp_path / "a", 61)
    search(tmp_path / "b", 61)
    resumed = oracle(tmp_path / "b", toys.mixed_space(), method=method, learning_rate=0.02)
    resumed.reload()
    assert (tmp_path / "b" / "p" / "oracle.snapshot").exists()
    assert same(weights(resumed), weights(unbroken))
    state, expected = resumed.get_state(), unbroken.get_state()
    assert len(state["in_flight"]) == 7
    for part in ("in_flight", "batch"):
        # Rows may stand in another order: only what was kept with them is compared.
        assert len(state[part]) == len(expected[part])


class Opening(Grammar):
    """Rows of layers of nine kinds, at first of one or two, in the end of up to six."""

    def options(self, prefix, progress=1.0):
        if "depth" not in prefix:
            return Decision.among("depth", range(1, 3 + int(4 * progress)))
        if len(prefix) > prefix["depth"]:
            return None
        return Decision.among(f"layer_{len(prefix)}", tuple("abcdefghi"))


def test_a_space_opens_up_and_is_learned_as_it_was(tmp_path):
    def search():
        return oracle(tmp_path, max_trials=40, grammar=Opening())

    unbroken = search()
    values = toys.run(unbroken, 40, evaluate=lambda t: float(t.trial_id) / 40)
    depths = [v["depth"] for v in values]
    assert max(depths[:6]) == 2 and max(depths) >= 4
    # Replay knows how open the space was when each was drawn.
    again = search()
    again.reload()
    assert same(weights(again), weights(unbroken))


@pytest.mark.parametrize(
    "settings, rate",
    [
        ({"max_trials": 12_800}, 6e-4),
        ({"max_trials": 1000}, 6e-4 * 12.8),
        ({"max_trials": 30}, 0.05),
        ({"max_trials": None, "time_budget": 60.0}, 0.05),
        ({"max_trials": 1000, "children": 1}, 6e-4 * 1.6),
        ({"max_trials": 20_000, "method": "ppo", "epochs": 1}, 3.5e-4),
        ({"max_trials": 20_000, "method": "ppo"}, 3.5e-4 / 4),
        ({"learning_rate": 0.3}, 0.3),
    ],
)
def test_steps_together_go_as_far_as_in_the_paper(settings, rate):
    settings = {"objective": "val_accuracy", **settings}
    assert PolicyGradient(**settings).rate == pytest.approx(rate)


@pytest.mark.parametrize(
    "settings, children",
    [
        ({}, 8),
        ({"max_trials": 30}, 8),
        ({"method": "ppo", "max_trials": 100}, 10),
        ({"method": "ppo", "max_trials": 20_000}, 20),
        ({"children": 3}, 3),
    ],
)
def test_children_per_update_follow_the_budget(settings, children):
    assert PolicyGradient("val_accuracy", **settings).num_children == children


def test_better_than_random_search_over_many_seeds():
    """On a small space the later proposals are far better, and so is the best."""

    def scores(name, seed):
        searched = toys.make_oracle(
            name, seed=seed, space=toys.ordinal_space(10, 4), max_trials=100
        )
        toys.run(searched, 100)
        return [t.score for t in searched.completed()]

    learned = [scores("policy_gradient", seed) for seed in range(6)]
    drawn = [scores("random", seed) for seed in range(6)]
    assert min(np.mean(s[-20:]) for s in learned) > max(np.mean(s[-20:]) for s in drawn)
    assert np.mean([max(s) for s in learned]) > np.mean([max(s) for s in drawn])


def test_report_tells_of_updates_and_of_a_falling_entropy():
    searched = oracle(space=toys.ordinal_space(6, 4))
    assert searched.explain()["updates"] == 0
    toys.run(searched, 8)
    early = searched.explain()
    toys.run(searched, 112)
    late = searched.explain()
    assert late["updates"] == 30 and late["entropy"] < 0.8 * early["entropy"]
    assert early["entropy"] == pytest.approx(math.log(4), rel=0.02)
    assert json.loads(json.dumps(late)) == late


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"method": "a2c"}, "`method` must be one of.*'reinforce', 'ppo'.*Received: 'a2c'"),
        ({"reward": "log"}, "`reward` must be one of.*Received: 'log'"),
        ({"children": 0}, "`children` must be a whole number from 1.*Received: 0"),
        ({"children": 2.5}, "`children` must be a whole number"),
        ({"learning_rate": 0.0}, "`learning_rate` must be positive"),
        ({"learning_rate": math.inf}, "`learning_rate` must be positive"),
        ({"reward_power": -1.0}, "`reward_power` must be positive"),
        ({"baseline_decay": 1.0}, r"`baseline_decay` must be in \[0, 1\)"),
        ({"entropy_weight": -0.1}, "`entropy_weight` must be at least 0"),
        ({"method": "ppo", "clip": 0.0}, "`clip` must be positive"),
        ({"method": "ppo", "epochs": 0}, "`epochs` must be a whole number from 1"),
        ({"epochs": 3}, "`clip` and `epochs` are PPO's.*epochs=3.*Leave them out"),
        ({"learning_rate": math.nan}, "`learning_rate` must be positive"),
    ],
)
def test_bad_arguments_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PolicyGradient("val_accuracy", **settings)
