"""CellGrammar: which cells exist, how they change and how they grow."""

from __future__ import annotations

import itertools
from collections import Counter

import hypothesis
import keras_tuner
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autokeras_nas.architecture import size_at_most
from autokeras_nas.architecture.blocks import Block, read_cell, write_cells
from autokeras_nas.architecture.cells import CellGrammar

EIGHT = tuple("abcdefgh")


@st.composite
def grammars(draw, most=4):
    blocks = draw(st.integers(1, most))
    return CellGrammar(
        operations=draw(st.sampled_from(["a", "ab", "abc"])),
        blocks=blocks,
        least_blocks=draw(st.none() | st.integers(1, blocks)),
        shared=draw(st.booleans()),
        merges=draw(st.sampled_from([("add",), ("add", "concat")])),
    )


def changed(one, other):
    return [name for name in one if one[name] != other.get(name)]


@given(grammars(), st.integers(0, 2**32 - 1))
def test_samples_mutants_and_what_grows_from_them_are_legal(grammar, seed):
    rng = np.random.default_rng(seed)
    values = grammar.sample(rng)
    assert grammar.is_legal(values)
    assert grammar.is_legal(grammar.mutate(values, rng))
    assert grammar.is_legal(grammar.mutate(values, rng, rate=0.3))
    for grown in itertools.islice(grammar.grow(values), 50):
        assert grammar.is_legal(grown)
        assert grown["blocks"] == values["blocks"] + 1


@given(grammars(), st.integers(0, 2**32 - 1))
def test_values_are_the_cells_written_down(grammar, seed):
    values = grammar.sample(np.random.default_rng(seed))
    cells = {name: read_cell(values, name) for name in grammar.cells}
    written = write_cells(cells, with_merge=len(grammar.merges) > 1)
    assert list(written.items()) == list(values.items())


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        # A block has (states * operations)^2 forms, times its merges.
        ({"blocks": 1}, 16**2),
        ({"blocks": 2, "shared": True, "least_blocks": 2}, 16 * 36),
        ({"blocks": 2, "shared": True}, 16 + 16 * 36),
        ({"blocks": 1, "merges": ("add", "concat")}, 32**2),
        ({"blocks": 1, "shared": True, "merges": ("concat",)}, 16),
    ],
)
def test_walking_all_options_gives_exactly_the_legal_set(settings, size):
    grammar = CellGrammar("ab", **settings)
    walked = list(grammar.enumerate())
    assert len(walked) == len({tuple(values.items()) for values in walked}) == size
    assert all(map(grammar.is_legal, walked))
    assert size_at_most(grammar, size) == size and size_at_most(grammar, size - 1) is None


def test_published_settings_have_the_published_decisions():
    grammar = CellGrammar([f"op{k}" for k in range(13)], blocks=5, merges=("add", "concat"))
    decisions = list(grammar.decisions(grammar.sample(np.random.default_rng(0))))
    assert [len(decisions[0].choices), len(decisions)] == [1, 1 + 2 * 5 * 5]
    sizes = [len(decision.choices) for decision in decisions[1:]]
    # Both inputs, both operations, the merge; block b, from 1, has b + 1 inputs.
    assert sizes == 2 * [n for b in range(1, 6) for n in (b + 1, b + 1, 13, 13, 2)]
    assert [decision.name for decision in decisions[1:6]] == [
        "normal_0_input_0",
        "normal_0_input_1",
        "normal_0_operation_0",
        "normal_0_operation_1",
        "normal_0_merge",
    ]
    assert decisions[26].name == "reduction_0_input_0"


def test_states_tell_a_tabular_learner_what_an_answer_is_about():
    grammar = CellGrammar("ab", blocks=2)
    values = grammar.sample(np.random.default_rng(0))
    states = {decision.name: decision.state for decision in grammar.decisions(values)}
    assert states["blocks"] == ("blocks", None)
    assert states["normal_0_input_0"] == ("normal_0_input_0", 2)
    assert states["normal_1_operation_1"][1] == values["normal_1_input_1"]
    assert states["reduction_0_input_0"][1] == values["normal_1_operation_1"]


def test_first_level_has_136_cells_and_each_of_them_300_children():
    grammar = CellGrammar(EIGHT, blocks=5, shared=True)
    first = list(grammar.grow())
    assert len({grammar.canonical(values) for values in first}) == len(first) == 136
    everything = {grammar.canonical(v) for v in grammar.enumerate({"blocks": 1})}
    assert {grammar.canonical(values) for values in first} == everything
    second = list(grammar.grow(first[17]))
    assert len(second) == 300
    assert all(changed(first[17], values) == ["blocks"] for values in second)
    counts = [300, 528, 820, 1176]
    values = first[17]
    for count in counts:
        grown = list(grammar.grow(values))
        assert len(grown) == count
        values = grown[len(grown) // 2]
    assert values["blocks"] == 5 and not list(grammar.grow(values))


def test_every_larger_cell_grows_from_a_smaller_one():
    grammar = CellGrammar("ab", blocks=2, shared=True)
    grown = {
        grammar.canonical(child) for parent in grammar.grow() for child in grammar.grow(parent)
    }
    assert grown == {grammar.canonical(values) for values in grammar.enumerate({"blocks": 2})}


def test_two_cells_grow_together_in_all_pairs():
    grammar = CellGrammar("a", blocks=2, least_blocks=1)
    smallest = list(grammar.grow())
    assert len(smallest) == 3 * 3  # unordered pairs of two states
    assert len(list(grammar.grow(smallest[0]))) == 6 * 6
    larger = CellGrammar("a", blocks=3, least_blocks=2, shared=True)
    assert len(list(larger.grow())) == 3 * 6


def test_cells_of_fixed_size_grow_decision_by_decision():
    grammar = CellGrammar("ab", blocks=2)
    assert list(grammar.grow()) == [{"blocks": 2}]
    assert len(list(grammar.grow({"blocks": 2}))) == 2
    assert not list(grammar.grow(grammar.sample(np.random.default_rng(0))))


@given(grammars(), st.integers(0, 2**32 - 1))
def test_mutant_differs_in_one_decision_alone(grammar, seed):
    hypothesis.assume(grammar.least_blocks == grammar.blocks)
    rng = np.random.default_rng(seed)
    values = grammar.sample(rng)
    assert len(changed(values, grammar.mutate(values, rng))) == 1


def test_mutations_are_uniform_over_kind_cell_block_and_half():
    grammar, rng = CellGrammar(EIGHT, blocks=5), np.random.default_rng(0)
    values, count = grammar.sample(rng), 8000
    names = [changed(values, grammar.mutate(values, rng))[0] for _ in range(count)]
    counts = Counter(names)
    assert len(counts) == 2 * 5 * 4
    # Half of them inputs, each of 20 places as likely: 200 expected, deviation 14.
    assert all(abs(n - 200) < 6 * 14 for n in counts.values())
    assert abs(sum("input" in name for name in names) - count / 2) < 6 * (count / 4) ** 0.5


def test_mutation_of_a_free_size_adds_or_removes_the_last_block():
    grammar, rng = CellGrammar(EIGHT, blocks=3, shared=True), np.random.default_rng(0)
    values = grammar.complete({"blocks": 2}, rng)
    mutants = [grammar.mutate(values, rng) for _ in range(300)]
    assert {mutant["blocks"] for mutant in mutants} == {1, 2, 3}
    for mutant in mutants:
        if mutant["blocks"] != 2:
            assert changed(values, mutant)[0] == "blocks"
            kept = min(2, mutant["blocks"])
            assert read_cell(mutant, "cell")[:kept] == read_cell(values, "cell")[:kept]


def test_operation_that_has_no_other_is_not_mutated():
    grammar, rng = CellGrammar("a", blocks=2), np.random.default_rng(0)
    values = grammar.sample(rng)
    names = {name for _ in range(50) for name in changed(values, grammar.mutate(values, rng))}
    assert names and all("input" in name for name in names)


def test_canonical_text_is_of_both_cells_and_of_the_rule():
    one, other = Block((0, 1), ("a", "b")), Block((1, 0), ("b", "a"))
    third = Block((0, 0), ("a", "b"))
    grammar = CellGrammar("ab", blocks=1)
    texts = [
        grammar.canonical(write_cells({"normal": (normal,), "reduction": (reduction,)}))
        for normal, reduction in [
            (one, one),
            (other, one),
            (one, other),
            (third, one),
            (one, third),
        ]
    ]
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts)) == 3
    # Of two like blocks the second alone is part of the output.
    listed = CellGrammar("ab", 2, 2, shared=True, combine={"cell": [3]})
    cell = write_cells({"cell": (one, third)})
    assert listed.canonical(cell) == listed.canonical(write_cells({"cell": (other, third)}))
    assert listed.canonical(cell) == listed.canonical(write_cells({"cell": (third, third)}))


@given(grammars(most=3), st.integers(0, 2**32 - 1))
def test_declared_values_that_are_legal_stay_as_they_are(grammar, seed):
    hp = keras_tuner.HyperParameters()
    grammar.declare(hp)
    values = grammar.sample(np.random.default_rng(seed))
    assert grammar.declared(values) == values
    assert grammar.is_legal(grammar.declared(hp.values))
    hp.values = dict(values)
    active = {entry.name for entry in hp.space if hp.is_active(entry)}
    assert active == set(values)


def test_default_is_the_one_given_and_must_be_legal():
    default = write_cells({"cell": (Block((0, 1), ("a", "a")),)})
    assert CellGrammar("a", 2, shared=True, default=default).default() == default
    assert CellGrammar("a", 2, shared=True).default() is None
    with pytest.raises(ValueError, match="default"):
        CellGrammar("b", 2, shared=True, default=default)


@pytest.mark.parametrize(
    "wrong",
    [
        {"operations": ()},
        {"operations": "aa"},
        {"blocks": 0},
        {"blocks": 2, "least_blocks": 3},
        {"merges": ()},
        {"merges": ("multiply",)},
        {"combine": "some"},
        {"combine": {"normal": [2]}},
        {"combine": {"normal": [2], "reduction": []}},
        {"combine": {"normal": [2], "reduction": [2, 2]}},
        {"combine": {"normal": [2], "reduction": [99]}},
        {"combine": {"cell": [2]}, "shared": True},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="Received"):
        CellGrammar(**{"operations": "ab", **wrong})
