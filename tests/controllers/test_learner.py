"""The learner: what an update does, and that updates lead to what is good."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import toys

from autokeras_nas.architecture import HyperParameterGrammar
from autokeras_nas.controllers import METHODS, Learner

SMALL = {name: replace(method, units=8, layers=1, children=8) for name, method in METHODS.items()}


def bandit(arms=4):
    return HyperParameterGrammar(toys.ordinal_space(1, arms))


def entropy_of(learner, grammar):
    trace = learner.policy.trace(grammar, grammar.sample(np.random.default_rng(0)))
    return float(learner.policy.read([trace]).entropies[0])


def drawn(learner, grammar, count, rng):
    values = [learner.policy.sample(grammar, rng) for _ in range(count)]
    return values, [learner.policy.trace(grammar, v) for v in values]


def train(learner, grammar, reward, updates, rate, seed=0):
    """Updates a learner so many times; returns the mean reward of each batch."""
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(updates):
        values, traces = drawn(learner, grammar, learner.method.children, rng)
        rewards = np.array([reward(v) for v in values])
        old = learner.policy.read(traces).log_probabilities
        learner.update(traces, rewards, old, rate)
        means.append(rewards.mean())
    return means


def weights_after(method, old_shift=0.0, rewards=(0.2, 0.9, 0.4)):
    """The weights after one update, by a batch of the bandit's first three arms."""
    learner = Learner.new(method, seed=0)
    traces = [learner.policy.trace(bandit(), {"c0": k}) for k in range(3)]
    old = learner.policy.read(traces).log_probabilities + old_shift
    learner.update(traces, np.array(rewards), old, 0.1)
    return learner.policy.weights


def test_published_settings_are_the_defaults():
    reinforce, ppo = METHODS["reinforce"], METHODS["ppo"]
    assert (reinforce.layers, reinforce.units, reinforce.scale) == (2, 35, 0.08)
    assert (reinforce.learning_rate, reinforce.children, reinforce.epochs) == (6e-4, 8, 1)
    assert reinforce.updates * reinforce.children == 12_800
    assert reinforce.entropy_weight == 0.0 and not reinforce.clipped
    assert (ppo.layers, ppo.units, ppo.scale) == (1, 100, 0.1)
    assert (ppo.learning_rate, ppo.children) == (3.5e-4, 20)
    assert ppo.updates * ppo.children == 20_000
    assert (ppo.entropy_weight, ppo.baseline_decay) == (1e-5, 0.95) and ppo.clipped


@pytest.mark.parametrize("name", METHODS)
def test_first_weights_are_uniform_within_the_papers_bound(name):
    method = METHODS[name]
    weights = Learner.new(method, 0).policy.weights
    drawn_ones = [w for n, w in weights.items() if "lstm" in n and "bias" not in n]
    assert len(drawn_ones) == 2 * method.layers
    for array in drawn_ones:
        assert array.shape[1] == 4 * method.units
        assert 0.98 * method.scale < np.abs(array).max() <= method.scale
        assert abs(array.mean()) < 0.05 * method.scale


def test_ppo_with_one_epoch_and_no_clip_is_the_policy_gradient():
    plain = weights_after(SMALL["reinforce"])
    ppo = replace(SMALL["ppo"], epochs=1, clip=math.inf, entropy_weight=0.0, scale=0.08)
    surrogate = weights_after(ppo)
    for name, array in plain.items():
        np.testing.assert_allclose(surrogate[name], array, rtol=1e-12, atol=1e-15)


def test_ppo_leaves_alone_what_has_moved_too_far():
    """Every child is more probable than when it was drawn by more than the clip."""
    method = replace(SMALL["ppo"], epochs=1, entropy_weight=0.0)
    moved = weights_after(method, old_shift=-1.0, rewards=(0.0, 1.0, 0.0))
    start = weights_after(replace(method, epochs=0))
    # The good one is cut off; what is bad is made less probable still.
    biases = moved["head_biases"] - start["head_biases"]
    assert biases[0] < 0.0 and biases[2] < 0.0 and biases[1] > 0.0
    for name, array in weights_after(method, -1.0, rewards=(0.5, 0.5, 0.5)).items():
        np.testing.assert_array_equal(array, start[name])


def test_what_was_better_than_the_others_becomes_more_probable():
    learner = Learner.new(SMALL["reinforce"], 0)
    traces = [learner.policy.trace(bandit(), {"c0": k}) for k in range(4)]
    before = learner.policy.read(traces).log_probabilities
    learner.update(traces, np.array([0.1, 0.9, 0.1, 0.1]), before, 0.01)
    after = learner.policy.read(traces).log_probabilities
    assert after[1] > before[1] and (after[[0, 2, 3]] < before[[0, 2, 3]]).all()


def test_equal_rewards_teach_nothing():
    learner = Learner.new(SMALL["reinforce"], 0)
    traces = [learner.policy.trace(bandit(), {"c0": k}) for k in range(4)]
    before = {name: array.copy() for name, array in learner.policy.weights.items()}
    learner.update(traces, np.full(4, 0.7), np.zeros(4), 0.1)
    for name, array in learner.policy.weights.items():
        np.testing.assert_allclose(array, before[name], atol=1e-12)


def test_the_average_hears_of_a_batch_after_it_was_used():
    learner = Learner.new(replace(SMALL["reinforce"], baseline_decay=0.75), 0)
    trace = learner.policy.trace(bandit(), {"c0": 0})
    learner.update([trace, trace], np.array([0.2, 0.4]), np.zeros(2), 0.01)
    assert learner.baseline == pytest.approx(0.3)
    learner.update([trace, trace], np.array([0.7, 0.1]), np.zeros(2), 0.01)
    assert learner.baseline == pytest.approx(0.325)
    assert learner.updates == 2


def test_entropy_bonus_keeps_the_policy_open():
    bonus = {}
    for weight in (0.0, 0.3):
        method = replace(SMALL["reinforce"], entropy_weight=weight)
        learner = Learner.new(method, 0)
        train(learner, bandit(), lambda v: 0.1 * v["c0"], updates=60, rate=0.05)
        bonus[weight] = entropy_of(learner, bandit())
    assert bonus[0.3] > bonus[0.0] + 0.3


@pytest.mark.parametrize("name", METHODS)
def test_a_bandit_is_learned(name):
    won = 0
    for seed in range(5):
        learner = Learner.new(SMALL[name], seed)
        train(learner, bandit(), lambda v: float(v["c0"] == 2), 60, rate=0.03, seed=seed)
        trace = learner.policy.trace(bandit(), {"c0": 2})
        won += math.exp(learner.policy.log_probability(trace)) > 0.9
    assert won == 5


@pytest.mark.parametrize("name", METHODS)
def test_a_separable_reward_is_learned_and_the_entropy_falls(name):
    grammar = HyperParameterGrammar(toys.ordinal_space(5, 4))
    for seed in range(3):
        learner = Learner.new(SMALL[name], seed)
        before = entropy_of(learner, grammar)
        means = train(learner, grammar, lambda v: sum(v.values()) / 15, 60, 0.03, seed)
        # Uniform draws are worth a half.
        assert np.mean(means[-6:]) > 0.75
        assert learner.entropy < 0.7 * before / 5


def test_a_choice_that_depends_on_the_one_before_is_learned():
    """Alone, no decision is worth anything: only a recurrent controller can learn it."""
    grammar = HyperParameterGrammar(toys.ordinal_space(2, 2))
    learner = Learner.new(replace(METHODS["reinforce"], layers=1), 0)
    means = train(learner, grammar, lambda v: float(v["c0"] == v["c1"]), 150, rate=0.03)
    assert np.mean(means[-10:]) > 0.95


@pytest.mark.parametrize("name", METHODS)
def test_a_restored_learner_goes_on_exactly(name):
    grammar = HyperParameterGrammar(toys.mixed_space())

    def reward(values):
        return toys.score(values)

    unbroken = Learner.new(SMALL[name], 0)
    train(unbroken, grammar, reward, 3, rate=0.05)
    again = Learner.from_state(SMALL[name], json.loads(json.dumps(unbroken.get_state())))
    for learner in (unbroken, again):
        train(learner, grammar, reward, 3, rate=0.05, seed=1)
    assert again.baseline == unbroken.baseline and again.updates == 6
    for key, array in unbroken.policy.weights.items():
        assert again.policy.weights[key].tobytes() == array.tobytes()
