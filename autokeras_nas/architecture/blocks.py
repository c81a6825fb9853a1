"""Blocks: what a cell is in memory, which of its states leave it, and when two are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autokeras_nas.architecture.values import Value, Values

Combine = str | Mapping[str, Sequence[int]]
"""The rule by which a cell's states become its output: see `combined_states`."""

BLOCKS = "blocks"
NUM_INPUTS = 2


@dataclass(frozen=True)
class Block:
    """Two operations on two states, merged into a new state.

    Attributes:
        inputs: States that the operations read: 0 is the output of the cell before, 1 that of
            the cell before it, `k + 2` that of the block `k` of this cell.
        operations: What is done to each.
        merge: `"add"` or `"concat"`.
    """

    inputs: tuple[int, int]
    operations: tuple[str, str]
    merge: str = "add"

    @property
    def halves(self) -> tuple[tuple[int, str], ...]:
        """Both pairs of state and operation."""
        return tuple(zip(self.inputs, self.operations, strict=True))


Cell = tuple[Block, ...]


def read_cell(values: Mapping[str, Value], name: str) -> Cell:
    """The cell that decisions such as `normal_0_input_0` describe.

    Args:
        values: With `blocks`, their number, and the decisions of so many blocks. Without
            decisions on merging, blocks add.
        name: `"normal"`, `"reduction"` or `"cell"`.
    """
    return tuple(_read_block(values, f"{name}_{k}") for k in range(int(values[BLOCKS])))


def write_cells(cells: Mapping[str, Cell], with_merge: bool = False) -> Values:
    """The values of cells, in the order of the decisions: the reverse of `read_cell`.

    Args:
        cells: By name, all of one size.
        with_merge: Whether to say how each block merges.
    """
    values: Values = {BLOCKS: len(next(iter(cells.values())))}
    for name, cell in cells.items():
        for k, block in enumerate(cell):
            values |= {f"{name}_{k}_input_{side}": block.inputs[side] for side in (0, 1)}
            values |= {f"{name}_{k}_operation_{side}": block.operations[side] for side in (0, 1)}
            if with_merge:
                values[f"{name}_{k}_merge"] = block.merge
    return values


def combined_states(cell: Cell, rule: str | Sequence[int]) -> tuple[int, ...]:
    """The states that are concatenated to a cell's output.

    Args:
        cell: The cell.
        rule: `"unused"`: those that no block reads, the cell's own inputs among them (Zoph et
            al., 2018, Section 3); `"all"`: the outputs of all blocks, as in the released
            PNASNet-5; or the states themselves, as in the released NASNet-A and AmoebaNet-A,
            which follow neither rule.
    """
    if rule == "all":
        return tuple(range(NUM_INPUTS, NUM_INPUTS + len(cell)))
    if rule == "unused":
        used = {state for block in cell for state in block.inputs}
        return tuple(k for k in range(NUM_INPUTS + len(cell)) if k not in used)
    return tuple(int(state) for state in rule)


def canonical_cell(cell: Cell, combined: Sequence[int]) -> str:
    """A text that is equal for isomorphic cells and for no others.

    Two cells are isomorphic if renumbering the blocks and swapping the halves of some turns one
    into the other. Blocks from which no way leads to the output are not part of the network and
    are left out; two blocks with the same inputs and operations are two, with weights of their
    own.

    The text is the smallest, by the order of its blocks, among all numberings in which blocks
    read earlier states only. It is found block by block: a numbering whose beginning is not the
    smallest is given up, which loses none of the smallest, for every beginning can be completed.

    Args:
        cell: The cell.
        combined: The states that make its output.
    """
    alive = _alive(cell, combined)
    twins = _twins(cell, alive, combined)
    text: list = []
    numberings = [{state: state for state in range(NUM_INPUTS)}]
    for place in range(NUM_INPUTS, NUM_INPUTS + len(alive)):
        following = [
            (_code(cell[state - NUM_INPUTS], state in combined, numbering), state, numbering)
            for numbering in numberings
            for state in _ready(cell, alive, twins, numbering)
        ]
        smallest = min(code for code, _, _ in following)
        text.append(smallest)
        numberings = [
            {**numbering, state: place} for code, state, numbering in following if code == smallest
        ]
    return json.dumps(text, separators=(",", ":"))


def _read_block(values: Mapping[str, Value], place: str) -> Block:
    return Block(
        (int(values[f"{place}_input_0"]), int(values[f"{place}_input_1"])),
        (str(values[f"{place}_operation_0"]), str(values[f"{place}_operation_1"])),
        str(values.get(f"{place}_merge", "add")),
    )


def _code(block: Block, leaves: bool, numbering: Mapping[int, int]) -> tuple:
    """A block in the terms of a numbering, whatever the order of its halves."""
    halves = sorted((numbering[state], operation) for state, operation in block.halves)
    return (tuple(halves), block.merge, leaves)


def _alive(cell: Cell, combined: Sequence[int]) -> list[int]:
    """The states of blocks that the output rests on, in order."""
    reached = set(combined)
    for k in reversed(range(len(cell))):
        if k + NUM_INPUTS in reached:
            reached |= set(cell[k].inputs)
    return sorted(state for state in reached if state >= NUM_INPUTS)


def _ready(cell: Cell, alive, twins: Mapping[int, int], numbering) -> Iterator[int]:
    """States that may be numbered next, one of each set of twins."""
    seen = set()
    for state in alive:
        if state not in numbering and twins[state] not in seen:
            if all(read in numbering for read in cell[state - NUM_INPUTS].inputs):
                seen.add(twins[state])
                yield state


def _twins(cell: Cell, alive: Sequence[int], combined: Sequence[int]) -> dict[int, int]:
    """For each state the first one that it can change places with, the cell staying the same.

    Any order of such states gives the same text, so that one order need be tried: seven equal
    blocks have one instead of 5,040.
    """
    same = {state: state for state in range(NUM_INPUTS + len(cell))}
    codes = {s: _code(cell[s - NUM_INPUTS], s in combined, same) for s in alive}

    def are_twins(one: int, other: int) -> bool:
        if codes[one] != codes[other]:
            return False
        swapped = {**same, one: other, other: one}
        rest = (s for s in alive if s not in (one, other))
        return all(codes[s] == _code(cell[s - NUM_INPUTS], s in combined, swapped) for s in rest)

    return {state: next(s for s in alive if s == state or are_twins(s, state)) for state in alive}
