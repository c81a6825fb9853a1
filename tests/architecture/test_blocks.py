"""Blocks: reading and writing cells, their output, and when two are the same."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autokeras_nas.architecture.blocks import (
    Block,
    canonical_cell,
    combined_states,
    read_cell,
    write_cells,
)


@st.composite
def cells(draw, most=4, operations="ab", merges=("add", "concat")):
    """Few operations and a preference for equal blocks, so that symmetries are frequent."""
    cell = []
    for k in range(draw(st.integers(1, most))):
        states = st.integers(0, k + 1)
        inputs, does = (draw(states), draw(states)), st.sampled_from(operations)
        cell.append(Block(inputs, (draw(does), draw(does)), draw(st.sampled_from(merges))))
    return tuple(cell)


def renumbered(cell, order):
    """The same cell with its blocks in another order; None: a block would read a later one."""
    place = {0: 0, 1: 1, **{old + 2: new + 2 for new, old in enumerate(order)}}
    moved = [
        Block(tuple(place[s] for s in cell[old].inputs), cell[old].operations, cell[old].merge)
        for old in order
    ]
    earlier = all(max(block.inputs) < k + 2 for k, block in enumerate(moved))
    return tuple(moved) if earlier else None


def unordered(cell):
    return tuple((tuple(sorted(block.halves)), block.merge) for block in cell)


def all_forms(cell):
    """Every numbering of a cell, halves unordered: two are isomorphic if they share one."""
    forms = (renumbered(cell, order) for order in itertools.permutations(range(len(cell))))
    return {unordered(form) for form in forms if form is not None}


def canonical(cell, rule="unused"):
    return canonical_cell(cell, combined_states(cell, rule))


@given(cells(), cells())
def test_two_cells_have_one_text_exactly_if_some_renumbering_makes_them_equal(one, other):
    isomorphic = unordered(other) in all_forms(one)
    for rule in ("unused", "all"):
        assert (canonical(one, rule) == canonical(other, rule)) is isomorphic


@given(cells(most=2, operations="a", merges=("add",)), cells(2, "a", ("add",)))
def test_so_it_is_where_nearly_all_cells_are_alike(one, other):
    assert (canonical(one) == canonical(other)) is (unordered(other) in all_forms(one))


def test_the_smallest_cells_fall_into_the_classes_that_brute_force_finds():
    # All 6 blocks of one operation on 2, 3 and 4 states: 3 * 6 * 10 cells.
    rows = [
        [Block(pair, ("a", "a")) for pair in itertools.combinations_with_replacement(range(n), 2)]
        for n in (2, 3, 4)
    ]
    all_cells = list(itertools.product(*rows))
    assert len(all_cells) == 3 * 6 * 10
    for rule in ("unused", "all"):
        texts = {canonical(cell, rule) for cell in all_cells}
        assert len(texts) == len({min(all_forms(cell)) for cell in all_cells})


@given(cells(most=7), st.randoms(use_true_random=False))
def test_renumbering_and_swapping_leave_the_text_alone(cell, random):
    order = list(range(len(cell)))
    for _ in range(20):
        random.shuffle(order)
        if (form := renumbered(cell, order)) is not None:
            swapped = tuple(
                Block(b.inputs[::-1], b.operations[::-1], b.merge) if random.random() < 0.5 else b
                for b in form
            )
            assert canonical(swapped) == canonical(cell)
            assert canonical(swapped, "all") == canonical(cell, "all")


def test_blocks_of_one_expression_are_not_of_one_structure():
    # Blocks 0 and 1 are alike; block 2 reads both, or one of them twice.
    twice = Block((0, 0), ("a", "a"))
    both = (twice, twice, Block((2, 3), ("b", "b")))
    one = (twice, twice, Block((2, 2), ("b", "b")))
    assert canonical(both) != canonical(one)
    assert canonical(one) == canonical((twice, twice, Block((3, 3), ("b", "b"))))


def test_many_equal_blocks_take_no_time():
    cell = (Block((0, 1), ("a", "a")),) * 20
    assert canonical(cell).count("add") == 20


@given(cells(most=5), st.data())
def test_listed_states_are_told_apart_and_dead_blocks_left_out(cell, data):
    states = range(len(cell) + 2)
    listed = data.draw(st.sets(st.sampled_from(states), min_size=1))
    order = data.draw(st.permutations(range(len(cell))))
    if (form := renumbered(cell, order)) is not None:
        place = {0: 0, 1: 1, **{old + 2: new + 2 for new, old in enumerate(order)}}
        moved = [place[state] for state in listed]
        assert canonical_cell(form, moved) == canonical_cell(cell, sorted(listed))
    dead = (*cell, Block((0, 1), ("z", "z")))
    assert canonical_cell(dead, sorted(listed)) == canonical_cell(cell, sorted(listed))


def test_the_output_is_what_no_block_reads_or_all_blocks_or_what_is_listed():
    cell = (Block((0, 0), ("a", "a")), Block((2, 0), ("a", "a")))
    assert combined_states(cell, "unused") == (1, 3)  # Its second input is among the unused.
    assert combined_states(cell, "all") == (2, 3)
    assert combined_states(cell, [1, 2]) == (1, 2)


@pytest.mark.parametrize("with_merge", [False, True])
@given(cells(most=4, merges=("add",)))
def test_cells_survive_being_values(with_merge, cell):
    values = write_cells({"normal": cell, "reduction": cell[::1]}, with_merge)
    assert len(values) == 1 + 2 * len(cell) * (5 if with_merge else 4)
    assert read_cell(values, "normal") == read_cell(values, "reduction") == cell


@pytest.mark.slow
def test_random_cells_of_seven_blocks_agree_with_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(60):
        cell = tuple(
            Block(tuple(rng.integers(k + 2, size=2).tolist()), tuple(rng.choice(["a", "b"], 2)))
            for k in range(7)
        )
        forms = [f for o in itertools.permutations(range(7)) if (f := renumbered(cell, o))]
        assert {canonical(form) for form in forms[:: max(1, len(forms) // 50)]} == {canonical(cell)}
