"""Chains: rows of layers that end in a terminal."""

from __future__ import annotations

from collections import Counter

import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture.chain import Chain

LONGEST = 6


def no_twins(tokens):
    """Layers a, b, c, none twice in a row; the end `stop` after two layers, `halt` after c."""
    layers = [token for token in "abc" if tokens[-1:] != (token,)]
    ends = ["stop"] if len(tokens) >= 2 else []
    ends += ["halt"] if tokens[-1:] == ("c",) else []
    return (*layers, *ends)


def make_chain(**kwargs):
    settings = {"terminals": ("stop", "halt"), "longest": LONGEST, "tokens": tuple("abc")}
    return Chain(no_twins, **{**settings, **kwargs})


def chain_values(*tokens):
    return Chain.values_of(tokens)


def random_values(hp, seed):
    """Values of all active entries, drawn as KerasTuner draws them."""
    hp = hp.copy()
    hp.values = {}
    for position, entry in enumerate(hp.space):
        if hp.is_active(entry):
            hp.values[entry.name] = entry.random_sample(1000 * seed + position)
    return hp.values


def test_samples_and_mutations_are_complete_and_legal():
    grammar, rng = make_chain(), np.random.default_rng(0)
    for _ in range(200):
        values = grammar.sample(rng)
        assert grammar.is_legal(values)
        assert len(values) <= LONGEST
        for _ in range(3):
            child = grammar.mutate(values, rng)
            assert grammar.is_legal(child)
            assert child != values
            values = child
        assert grammar.is_legal(grammar.mutate(values, rng, rate=0.3))


def test_decisions_are_named_by_place_and_know_the_last_token():
    decision = make_chain().options(chain_values("a"))
    assert decision.name == "layer_01"
    assert [choice.value for choice in decision.choices] == ["b", "c"]
    assert decision.state == ("layer_01", "a")
    assert make_chain().options(chain_values("a", "b", "stop")) is None


def test_state_is_the_callable_given():
    grammar = make_chain(state=lambda tokens: ("depth", len(tokens)))
    assert grammar.options(chain_values("a", "b")).state == ("depth", 2)


def test_last_place_takes_terminals_only():
    decision = make_chain().options(chain_values("a", "b", "a", "b", "c"))
    assert [choice.value for choice in decision.choices] == ["stop", "halt"]


def test_mutation_replaces_inserts_and_deletes():
    grammar, rng = make_chain(), np.random.default_rng(0)
    parent = chain_values("a", "b", "c", "stop")
    children = [tuple(grammar.mutate(parent, rng).values()) for _ in range(600)]
    lengths = Counter(len(child) for child in children)
    assert set(lengths) == {3, 4, 5}
    assert min(lengths.values()) > 100
    # The tail is kept and shifted where it is legal.
    assert ("b", "c", "stop") in children
    assert ("c", "a", "b", "c", "stop") in children
    assert ("a", "b", "c", "halt") in children


def test_illegal_tail_is_sampled_anew():
    grammar, rng = make_chain(), np.random.default_rng(0)
    parent = chain_values("a", "b", "a", "stop")
    children = {tuple(grammar.mutate(parent, rng).values()) for _ in range(300)}
    # Without its `b`, the second `a` becomes another layer.
    assert {("a", "c", "stop")} <= children
    assert ("a", "a", "stop") not in children


def test_lone_chain_mutates_to_itself():
    grammar = Chain(lambda tokens: ("stop",) if tokens else ("a",), ("stop",), longest=2)
    values = chain_values("a", "stop")
    assert grammar.mutate(values, np.random.default_rng(0)) == values


def test_grows_by_one_layer_and_stays_complete():
    grammar = make_chain()
    smallest = list(grammar.grow())
    assert smallest == [chain_values("c", "halt")]
    grown = list(grammar.grow(smallest[0]))
    assert grown == [chain_values("c", "a", "stop"), chain_values("c", "b", "stop")]
    assert all(grammar.is_legal(values) for values in grown)
    assert list(grammar.grow(chain_values("a", "b", "a", "b", "c", "stop"))) == []


def test_pruning_by_state_loses_no_shortest_chain():
    def legal(tokens):
        return (
            "a",
            "b",
            *(["stop"] if tokens.count("b") == 3 else ()),
            *(["halt"] if len(tokens) == 7 else ()),
        )

    plain = Chain(legal, ("stop", "halt"), longest=8)
    pruned = Chain(legal, ("stop", "halt"), 8, state=lambda t: (len(t), t.count("b")))
    assert list(plain.grow()) == list(pruned.grow()) == [chain_values("b", "b", "b", "stop")]


def test_default_is_returned_as_a_copy():
    grammar = make_chain(default=("a", "b", "stop"))
    grammar.default().clear()
    assert grammar.default() == chain_values("a", "b", "stop")
    assert make_chain().default() is None


def test_declared_random_values_are_legal_chains_of_the_depth():
    grammar, hp = make_chain(default=("a", "b", "stop")), keras_tuner.HyperParameters()
    grammar.declare(hp)
    assert grammar.declared(hp.values) == grammar.default()
    for seed in range(100):
        values = random_values(hp, seed)
        chain = grammar.declared(values)
        assert grammar.is_legal(chain)
        assert len(chain) - 1 in (values["depth"], 2)


def test_declared_places_are_active_by_depth():
    hp = keras_tuner.HyperParameters()
    make_chain().declare(hp)
    hp.values = {"depth": 2}
    places = [e.name for e in hp.space if e.name.startswith("layer") and hp.is_active(e)]
    assert places == ["layer_00", "layer_01"]


def test_declared_replaces_what_is_illegal_by_the_first_legal():
    values = {"depth": 3, "end": "halt", **chain_values("b", "b", "a")}
    assert make_chain().declared(values) == chain_values("b", "a", "b", "stop")


def test_declared_keeps_a_complete_chain():
    values = chain_values("a", "c", "halt")
    assert make_chain().declared(values) == values


def test_declaring_without_tokens_is_refused():
    with pytest.raises(NotImplementedError, match="Chain"):
        make_chain(tokens=()).declare(keras_tuner.HyperParameters())


@pytest.mark.parametrize(
    "wrong", [{"longest": 1}, {"terminals": ()}, {"default": ("a", "a", "stop")}]
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        make_chain(**wrong)


def test_dead_end_is_reported():
    grammar = Chain(lambda tokens: ("a",), ("stop",), longest=3)
    with pytest.raises(ValueError, match="terminal in the last place"):
        grammar.sample(np.random.default_rng(0))


def test_declared_layers_spread_over_the_legal_ones():
    tokens = [f"C({k})" for k in range(8)]
    chain = Chain(lambda _: (*tokens[:4], "stop"), ["stop"], longest=3, tokens=tokens)
    became = [
        chain.declared({"depth": 1, "layer_00": t, "end": "stop"})["layer_00"] for t in tokens
    ]
    assert became == tokens[:4] + [tokens[k] for k in (2, 2, 3, 3)]
