import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autokeras_nas.architecture import Decision, Grammar, canonical_text, size_at_most

bounded = settings(max_examples=50, deadline=None)
seeds = st.integers(0, 2**32)


class Chain(Grammar):
    """Up to three blocks and a stop: `a`, `b` or `stop`, and a width after each `b`."""

    def options(self, prefix, progress=1.0):
        for k in range(3 if progress == 1.0 else 1):
            if f"block_{k}" not in prefix:
                return Decision.among(f"block_{k}", ["stop", "a", "b"])
            if prefix[f"block_{k}"] == "stop":
                return None
            if prefix[f"block_{k}"] == "b" and f"width_{k}" not in prefix:
                return Decision.among(f"width_{k}", [8, 16])
        return None


# One block: stop, a, b8, b16; each of the three that go on is followed by all shorter chains.
SIZE = 1 + 3 * (1 + 3 * (1 + 3))


def rng(seed):
    return np.random.default_rng(seed)


def changed(before, after):
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_enumerate_gives_each_architecture_once():
    texts = [canonical_text(values) for values in Chain().enumerate()]
    assert len(texts) == len(set(texts)) == SIZE
    assert all(Chain().is_legal(values) for values in Chain().enumerate())


def test_enumerate_continues_a_beginning():
    beginning = {"block_0": "a", "block_1": "a"}
    ends = [values["block_2"] for values in Chain().enumerate(beginning)]
    assert ends == ["stop", "a", "b", "b"]


def test_size_at_most_stops_counting_at_the_limit():
    assert size_at_most(Chain(), SIZE) == SIZE
    assert size_at_most(Chain(), SIZE - 1) is None


@bounded
@given(seeds)
def test_samples_are_legal(seed):
    assert Chain().is_legal(Chain().sample(rng(seed)))


@bounded
@given(seeds)
def test_progress_reaches_the_options(seed):
    assert Chain().sample(rng(seed), progress=0.0).keys() <= {"block_0", "width_0"}


@bounded
@given(seeds)
def test_a_mutation_is_legal_and_differs(seed):
    parent = Chain().sample(rng(seed))
    child = Chain().mutate(parent, rng(seed + 1))
    assert Chain().is_legal(child)
    assert child != parent


@bounded
@given(seeds)
def test_a_mutation_changes_one_decision_and_keeps_the_others_that_remain(seed):
    parent = Chain().sample(rng(seed))
    child = Chain().mutate(parent, rng(seed + 1))
    order = [decision.name for decision in Chain().decisions(parent)]
    first = min(order.index(name) for name in changed(parent, child) if name in order)
    for name in order[first + 1 :]:
        assert name not in child or child[name] == parent[name]


@bounded
@given(seeds)
def test_rate_zero_changes_nothing(seed):
    parent = Chain().sample(rng(seed))
    assert Chain().mutate(parent, rng(seed + 1), rate=0.0) == parent


@bounded
@given(seeds)
def test_rate_one_samples_anew(seed):
    chance = rng(seed)
    drawn = [Chain().mutate({"block_0": "stop"}, chance, rate=1.0) for _ in range(50)]
    assert all(Chain().is_legal(values) for values in drawn)
    assert {values["block_0"] for values in drawn} == {"stop", "a", "b"}


@bounded
@given(seeds)
def test_completing_keeps_what_is_legal(seed):
    values = {"block_0": "b", "width_0": 12, "block_1": "stop", "unknown": 1}
    completed = Chain().complete(values, rng(seed))
    assert Chain().is_legal(completed)
    assert completed["block_0"] == "b"
    assert completed["block_1"] == "stop"
    assert completed["width_0"] in (8, 16)


@bounded
@given(seeds)
def test_a_complete_architecture_is_complete_already(seed):
    values = Chain().sample(rng(seed))
    assert Chain().complete(values, rng(seed + 1)) == values
    assert Chain().declared(values) == values


def test_declared_replaces_the_illegal_by_the_first_choice():
    assert Chain().declared({"block_0": "c"}) == {"block_0": "stop"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"block_0": "b"},
        {"block_0": "c"},
        {"block_0": "stop", "block_1": "stop"},
        {"block_0": "b", "width_0": 8.5, "block_1": "stop"},
    ],
)
def test_missing_wrong_or_additional_decisions_are_illegal(values):
    assert not Chain().is_legal(values)


def test_growing_fixes_one_more_decision():
    assert list(Chain().grow()) == [{"block_0": value} for value in ("stop", "a", "b")]
    assert list(Chain().grow({"block_0": "b"})) == [
        {"block_0": "b", "width_0": 8},
        {"block_0": "b", "width_0": 16},
    ]
    assert list(Chain().grow({"block_0": "stop"})) == []


def test_canonical_ignores_order():
    assert Chain().canonical({"a": 1, "b": 2}) == Chain().canonical({"b": 2, "a": 1})


def test_a_grammar_that_kerastuner_cannot_express_says_so():
    with pytest.raises(NotImplementedError, match="Received: Chain. Search it with"):
        Chain().declare(keras_tuner.HyperParameters())
