"""The policy: a distribution over architectures, whose gradient is the true one."""

import collections
import json

import keras_tuner
import numpy as np
import pytest
import slopes
import toys
from scipy import stats

from autokeras_nas.architecture import Decision, Grammar, HyperParameterGrammar
from autokeras_nas.controllers import Policy
from autokeras_nas.controllers.adam import Adam

LEAST_P = 1e-3


class Skips(Grammar):
    """Three layers of two sizes; each but the first may join each before it."""

    def options(self, prefix, progress=1.0):
        for layer in range(3):
            if f"layer_{layer}_size" not in prefix:
                return Decision.among(f"layer_{layer}_size", (8, 16))
            for earlier in range(layer):
                name = f"layer_{layer}_joins_{earlier}"
                if name not in prefix:
                    return Decision.among(name, (False, True), anchors=(f"layer_{earlier}",))
        return None


class Shrinking(Grammar):
    """Three different letters of four: what was taken is no longer legal."""

    def options(self, prefix, progress=1.0):
        left = [letter for letter in "abcd" if letter not in prefix.values()]
        return None if len(prefix) == 3 else Decision.among(f"place_{len(prefix)}", left)


def conditional():
    """Eleven architectures of one to three decisions."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["none", "few", "many"])
    with hp.conditional_scope("kind", ["few"]):
        hp.Boolean("norm")
    with hp.conditional_scope("kind", ["many"]):
        hp.Int("depth", 1, 4)
        hp.Boolean("wide")
    return HyperParameterGrammar(hp)


GRAMMARS = {"conditional": conditional, "skips": Skips, "shrinking": Shrinking}


@pytest.fixture(params=GRAMMARS)
def grammar(request):
    return GRAMMARS[request.param]()


def spread(policy, grammar, seed=0):
    """Gives a policy weights so large that its distribution is far from uniform."""
    everything = [policy.trace(grammar, values) for values in grammar.enumerate()]
    rng = np.random.default_rng(seed)
    for array in policy.weights.values():
        array[...] = rng.normal(scale=0.8, size=array.shape)
    return everything


def test_probabilities_of_all_architectures_sum_to_one(grammar):
    policy = Policy(0, units=5)
    traces = spread(policy, grammar)
    logs = policy.read(traces).log_probabilities
    assert np.exp(logs).sum() == pytest.approx(1.0, rel=1e-12)
    assert np.exp(logs).max() > 1.5 / len(traces)


def test_samples_follow_the_probabilities(grammar):
    policy = Policy(0, units=5)
    traces = spread(policy, grammar)
    expected = np.exp(policy.read(traces).log_probabilities)
    rng = np.random.default_rng(1)
    drawn = collections.Counter(
        policy.trace(grammar, policy.sample(grammar, rng)) for _ in range(3000)
    )
    assert sum(drawn[trace] for trace in traces) == 3000
    counts = np.array([drawn[trace] for trace in traces])
    rare = expected * 3000 < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum()) * 3000
    keep = wanted > 0
    assert stats.chisquare(observed[keep], wanted[keep]).pvalue > LEAST_P


def test_one_trace_is_worth_the_same_alone_and_in_a_batch(grammar):
    policy = Policy(0, units=5)
    traces = spread(policy, grammar)
    together = policy.read(traces)
    for trace, log_probability, entropy in zip(
        traces, together.log_probabilities, together.entropies, strict=True
    ):
        assert policy.log_probability(trace) == pytest.approx(log_probability, rel=1e-12)
        alone = policy.read([trace])
        assert alone.log_probabilities[0] == pytest.approx(log_probability, rel=1e-12)
        assert alone.entropies[0] == pytest.approx(entropy, rel=1e-12)


def test_gradient_equals_finite_differences_in_every_weight(grammar):
    policy = Policy(0, units=2)
    traces = spread(policy, grammar)[::3]
    rng = np.random.default_rng(2)
    by_log, by_entropy = rng.normal(size=(2, len(traces)))

    def value():
        reading = policy.read(traces)
        return float(by_log @ reading.log_probabilities + by_entropy @ reading.entropies)

    gradient = policy.read(traces).gradient(by_log, by_entropy)
    slopes.assert_equal(gradient, slopes.finite_differences(value, policy.weights))


def test_gradient_of_the_expected_reward_equals_finite_differences(grammar):
    """The sum of `P(a) R(a) grad log P(a)` over all architectures is the gradient of `E[R]`."""
    policy = Policy(0, units=2, layers=1)
    traces = spread(policy, grammar)
    rewards = np.random.default_rng(3).normal(size=len(traces))

    def expected():
        return float(np.exp(policy.read(traces).log_probabilities) @ rewards)

    reading = policy.read(traces)
    gradient = reading.gradient(np.exp(reading.log_probabilities) * rewards, 0.0)
    slopes.assert_equal(gradient, slopes.finite_differences(expected, policy.weights))
    # A constant baseline changes nothing.
    shifted = reading.gradient(np.exp(reading.log_probabilities) * (rewards - 7.0), 0.0)
    for name, array in gradient.items():
        np.testing.assert_allclose(shifted[name], array, atol=1e-12)


def test_gradient_of_a_bandit_is_the_softmax_rule():
    grammar = HyperParameterGrammar(toys.ordinal_space(1, 4))
    policy = Policy(0, units=3)
    traces = spread(policy, grammar)
    probabilities = np.exp(policy.read(traces).log_probabilities)
    for place, trace in enumerate(traces):
        gradient = policy.read([trace]).gradient(np.ones(1), 0.0)
        np.testing.assert_allclose(
            gradient["head_biases"], np.eye(4)[place] - probabilities, rtol=1e-12
        )
    rewards = np.array([0.1, 0.4, -0.3, 0.9])
    reading = policy.read(traces)
    expected_update = reading.gradient(probabilities * rewards, 0.0)["head_biases"]
    by_hand = probabilities * (rewards - probabilities @ rewards)
    np.testing.assert_allclose(expected_update, by_hand, rtol=1e-10)


def test_entropy_by_hand_and_its_gradient_flattens():
    grammar = HyperParameterGrammar(toys.ordinal_space(1, 3))
    policy = Policy(0, units=3)
    (trace, *_) = spread(policy, grammar)
    reading = policy.read([trace])
    p = np.exp(policy.read([policy.trace(grammar, {"c0": k}) for k in range(3)]).log_probabilities)
    entropy = -(p * np.log(p)).sum()
    assert reading.entropies[0] == pytest.approx(entropy)
    gradient = reading.gradient(np.zeros(1), 1.0)
    np.testing.assert_allclose(gradient["head_biases"], -p * (np.log(p) + entropy), rtol=1e-10)
    policy.weights["head_biases"] += 0.1 * gradient["head_biases"]
    assert policy.read([trace]).entropies[0] > entropy


def test_a_new_policy_is_nearly_uniform():
    grammar = HyperParameterGrammar(toys.ordinal_space(6, 5))
    policy = Policy(0)
    trace = policy.trace(grammar, grammar.sample(np.random.default_rng(0)))
    assert policy.read([trace]).entropies[0] == pytest.approx(6 * np.log(5), rel=1e-3)


def test_order_of_discovery_does_not_matter():
    grammar = conditional()
    everything = list(grammar.enumerate())
    forth, back = Policy(3, units=4), Policy(3, units=4)
    for values in everything:
        forth.trace(grammar, values)
    for values in reversed(everything):
        back.trace(grammar, values)
    for values in everything:
        assert forth.sample(grammar, np.random.default_rng(5)) == back.sample(
            grammar, np.random.default_rng(5)
        )
        ours = forth.read([forth.trace(grammar, values)]).log_probabilities
        theirs = back.read([back.trace(grammar, values)]).log_probabilities
        assert ours.tobytes() == theirs.tobytes()


def test_seeds_give_different_policies():
    grammar = conditional()
    values = next(iter(grammar.enumerate()))
    logs = set()
    for seed in range(4):
        policy = Policy(seed)
        logs.add(float(policy.read([policy.trace(grammar, values)]).log_probabilities[0]))
    assert len(logs) == 4


def test_a_restored_policy_goes_on_exactly():
    grammar = conditional()
    everything = list(grammar.enumerate())
    policy = Policy(1, units=4)
    adam = Adam()
    first = [policy.trace(grammar, values) for values in everything[:3]]
    adam.ascend(policy.weights, policy.read(first).gradient(np.ones(3), 0.1), 0.1)
    again = Policy.from_state(json.loads(json.dumps(policy.get_state())))
    for values in everything:
        ours = policy.read([policy.trace(grammar, values)]).log_probabilities
        theirs = again.read([again.trace(grammar, values)]).log_probabilities
        assert ours.tobytes() == theirs.tobytes()
    assert again.get_state() == policy.get_state()


def test_sampled_values_are_legal():
    grammar = HyperParameterGrammar(toys.mixed_space())
    policy = Policy(0)
    rng = np.random.default_rng(0)
    kinds = collections.Counter()
    for _ in range(100):
        values = policy.sample(grammar, rng)
        assert grammar.is_legal(values)
        assert policy.trace(grammar, values) is not None
        kinds[values["kind"]] += 1
    assert min(kinds[kind] for kind in ("plain", "wide", "deep")) > 15


def test_floats_are_drawn_within_their_bins():
    grammar = HyperParameterGrammar(toys.mixed_space())
    policy = Policy(0)
    rng = np.random.default_rng(0)
    assert len({policy.sample(grammar, rng)["rate"] for _ in range(40)}) == 40


def test_an_anchor_is_drawn_by_attention():
    """What speaks for a yes is the attention's logit, and no softmax of its own."""
    policy = Policy(0, units=4)
    grammar = Skips()
    (trace, *_) = spread(policy, grammar)
    gradient = policy.read([trace]).gradient(np.ones(1), 0.0)
    assert gradient["anchor_vector"].any() and gradient["anchor_previous"].any()
    keys = [name for name, _ in policy.get_state()["choices"]]
    anchors = ["joins" in name for name in keys]
    assert not gradient["heads"][anchors].any()
    # With the vector at zero, every yes is as likely as a no.
    policy.weights["anchor_vector"][:] = 0.0
    policy.weights["heads"][:] = policy.weights["head_biases"][:] = 0.0
    np.testing.assert_allclose(policy.read([trace]).log_probabilities, 6 * np.log(0.5))
