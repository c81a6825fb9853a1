"""CellGrammar: the grammar of networks that repeat one or two cells of blocks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras_tuner
import numpy as np

from autokeras_nas.architecture.blocks import (
    BLOCKS,
    NUM_INPUTS,
    Block,
    Cell,
    Combine,
    canonical_cell,
    combined_states,
    read_cell,
    write_cells,
)
from autokeras_nas.architecture.decision import Decision
from autokeras_nas.architecture.grammar import Grammar
from autokeras_nas.architecture.values import Value, Values

MERGES = ("add", "concat")


@dataclass(frozen=True)
class _Question:
    """A decision in waiting.

    Attributes:
        name: The decision's.
        kind: `"input"`, `"operation"` or `"merge"`.
        block: The block that it belongs to.
        choices: The legal answers.
        told: The earlier decision that a tabular learner may know.
    """

    name: str
    kind: str
    block: int
    choices: tuple[Value, ...]
    told: str


class CellGrammar(Grammar):
    """Networks stacked from a normal and a reduction cell, or from one cell for both.

    A cell is a row of blocks. Block `k` answers `normal_k_input_0`, `normal_k_input_1` (which
    states its two operations read: 0 and 1 are the outputs of the two cells before, the most
    recent first, 2 is block 0, and so on), `normal_k_operation_0`, `normal_k_operation_1`
    and, where there is more than one way to merge, `normal_k_merge`. So for the reduction cell,
    or with the name `cell` where one serves for both. The number of `blocks`, the same for
    both cells, is the first decision; where it is fixed, that decision has one choice.

    Source: Zoph et al., 2018, https://arxiv.org/abs/1707.07012, Section 3; a shared cell that
    grows: Liu et al., 2018, https://arxiv.org/abs/1712.00559.

    Args:
        operations: Their names.
        blocks: The most blocks of a cell, *B* in the papers.
        least_blocks: The fewest. None: with a shared cell 1, for it is to be grown; else as
            many as the most, as published.
        shared: Whether one cell takes the place of both.
        merges: Ways to merge two halves, of `"add"` and `"concat"`.
        combine: Which states make a cell's output: `"unused"`, `"all"`, or the states of each
            cell by its name; see `combined_states`. Listed states need a fixed number of blocks.
        default: A sound architecture.

    Raises:
        ValueError: If there are no operations, the sizes leave nothing, a merge is unknown,
            the listed states do not fit, or the default is not legal.
    """

    def __init__(
        self,
        operations: Sequence[str],
        blocks: int = 5,
        least_blocks: int | None = None,
        shared: bool = False,
        merges: Sequence[str] = ("add",),
        combine: Combine = "unused",
        default: Mapping[str, Value] | None = None,
    ):
        self.operations = tuple(operations)
        self.blocks = blocks
        self.least_blocks = (1 if shared else blocks) if least_blocks is None else least_blocks
        self.cells = ("cell",) if shared else ("normal", "reduction")
        self.merges = tuple(merges)
        self.combine = combine
        self._check_settings()
        self._questions = {
            size: tuple(self._ask(size)) for size in range(self.least_blocks, blocks + 1)
        }
        self._default = None if default is None else dict(default)
        if self._default is not None and not self.is_legal(self._default):
            raise ValueError(
                f"`default` must be a legal architecture. Received: {self._default}. "
                "Leave it out, or correct it."
            )

    def options(self, prefix: Mapping[str, Value], progress: float = 1.0) -> Decision | None:
        if BLOCKS not in prefix:
            return Decision.among(BLOCKS, tuple(self._questions), state=(BLOCKS, None))
        for question in self._questions[int(prefix[BLOCKS])]:
            if question.name not in prefix:
                state = (question.name, prefix[question.told])
                return Decision.among(question.name, question.choices, state=state)
        return None

    def default(self) -> Values | None:
        """The default given, if one was."""
        return None if self._default is None else dict(self._default)

    def canonical(self, values: Mapping[str, Value]) -> str:
        """A text that is equal for cells that differ in numbering alone."""
        return "|".join(
            canonical_cell(cell, combined_states(cell, self.rule(name)))
            for name, cell in self._read(values).items()
        )

    def mutate(
        self, values: Mapping[str, Value], rng: np.random.Generator, rate: float | None = None
    ) -> Values:
        """A neighbour: in one half of one block another input or another operation.

        Both have the same chance, and so have cells, blocks and halves. We depart from the paper
        in that an operation is never replaced by itself: to repeat a parent is the oracle's
        business. Where blocks merge in more than one way, or their number is free, another
        merge, or one block more or less, are further kinds with the same chance.

        Source: Real et al., 2019, https://arxiv.org/abs/1802.01548, Section 3 (Mutations).

        Args:
            values: A complete architecture.
            rng: The source of chance.
            rate: None: one change, as above. Else redraw each decision with this probability.
        """
        if rate is not None:
            return super().mutate(values, rng, rate)
        size = int(values[BLOCKS])
        changeable: dict[str, list[tuple[str, list[Value]]]] = {}
        for question in self._questions[size]:
            if others := [c for c in question.choices if c != values[question.name]]:
                changeable.setdefault(question.kind, []).append((question.name, others))
        if sizes := [s for s in (size - 1, size + 1) if s in self._questions]:
            changeable[BLOCKS] = [(BLOCKS, list(sizes))]
        kinds = list(changeable.values())
        candidates = kinds[rng.integers(len(kinds))]
        name, others = candidates[rng.integers(len(candidates))]
        # The last block is read by none, so that a smaller cell is a legal one.
        return self.complete({**values, name: others[rng.integers(len(others))]}, rng)

    def grow(self, values: Mapping[str, Value] | None = None) -> Iterator[Values]:
        """Complete architectures with one more block in each cell, or the smallest ones.

        A block and its mirror image are one, so that a shared cell of *m* operations and *s*
        states has `n (n + 1) / 2` next blocks, `n = m s` (136 for the first block of eight
        operations). The same cell may come from several that were grown: `canonical` tells.
        Two cells grow by all pairs of next blocks. With a fixed number of blocks, which has
        nothing to grow, decisions are fixed one after the other as in any grammar.

        Args:
            values: The architecture to grow; None: yields the smallest ones.
        """
        if self.least_blocks == self.blocks:
            yield from super().grow(values)
            return
        cells = dict.fromkeys(self.cells, ()) if values is None else self._read(values)
        size = max(self.least_blocks, 1 + int(values[BLOCKS] if values else 0))
        if size <= self.blocks:
            for grown in self._grown(cells, size):
                yield write_cells(grown, with_merge=len(self.merges) > 1)

    def declare(self, hp: keras_tuner.HyperParameters) -> None:
        """Enters all decisions of the largest cells, each active from its block on."""
        sizes, likely = list(self._questions), self._default or {}
        hp.Choice(BLOCKS, sizes, default=likely.get(BLOCKS, sizes[-1]))
        for question in self._questions[self.blocks]:
            with hp.conditional_scope(BLOCKS, [size for size in sizes if size > question.block]):
                choices = list(question.choices)
                hp.Choice(question.name, choices, default=likely.get(question.name, choices[0]))

    def rule(self, name: str) -> str | Sequence[int]:
        """Which states make the output of the cell of this name; see `combined_states`."""
        return self.combine if isinstance(self.combine, str) else self.combine[name]

    def _read(self, values: Mapping[str, Value]) -> dict[str, Cell]:
        return {name: read_cell(values, name) for name in self.cells}

    def _ask(self, size: int) -> Iterator[_Question]:
        """All questions after the number of blocks, in the order of the paper."""
        last = BLOCKS
        for cell, block in itertools.product(self.cells, range(size)):
            place, states = f"{cell}_{block}", tuple(range(NUM_INPUTS + block))
            inputs = (f"{place}_input_0", f"{place}_input_1")
            yield _Question(inputs[0], "input", block, states, last)
            yield _Question(inputs[1], "input", block, states, inputs[0])
            for side in (0, 1):
                last = f"{place}_operation_{side}"
                yield _Question(last, "operation", block, self.operations, inputs[side])
            if len(self.merges) > 1:
                yield _Question(f"{place}_merge", "merge", block, self.merges, last)
                last = f"{place}_merge"

    def _grown(self, cells: Mapping[str, Cell], size: int) -> Iterator[Mapping[str, Cell]]:
        """Cells of a size that begin with those given."""
        reached = len(next(iter(cells.values())))
        if reached == size:
            yield cells
            return
        following = list(self._next_blocks(reached))
        for blocks in itertools.product(following, repeat=len(cells)):
            longer = {
                name: (*cell, block)
                for (name, cell), block in zip(cells.items(), blocks, strict=True)
            }
            yield from self._grown(longer, size)

    def _next_blocks(self, block: int) -> Iterator[Block]:
        """All blocks for a place, of two mirror images one."""
        halves = list(itertools.product(range(NUM_INPUTS + block), self.operations))
        pairs: Iterable = itertools.combinations_with_replacement(halves, 2)
        for ((one, do), (other, do_other)), merge in itertools.product(pairs, self.merges):
            yield Block((one, other), (do, do_other), merge)

    def _check_settings(self) -> None:
        if not self.operations or len(set(self.operations)) < len(self.operations):
            raise ValueError(
                f"`operations` must name at least one, and each once. Received: {self.operations}."
            )
        if not 1 <= self.least_blocks <= self.blocks:
            raise ValueError(
                "A cell needs at least one block, and no more at least than at most. "
                f"Received: blocks={self.blocks}, least_blocks={self.least_blocks}."
            )
        if not self.merges or not set(self.merges) <= set(MERGES):
            raise ValueError(f"`merges` must be among {MERGES}. Received: {self.merges}.")
        if isinstance(self.combine, str):
            if self.combine not in ("unused", "all"):
                raise ValueError(
                    "`combine` must be 'unused', 'all', or a mapping of each cell to its states. "
                    f"Received: {self.combine!r}."
                )
        elif not self._fits(self.combine):
            raise ValueError(
                f"`combine` must list for each of {self.cells} some states below "
                f"{self.blocks + NUM_INPUTS}, each once, and the number of blocks must be fixed. "
                f"Received: {dict(self.combine)}, least_blocks={self.least_blocks}."
            )

    def _fits(self, listed: Mapping[str, Sequence[int]]) -> bool:
        legal = set(range(NUM_INPUTS + self.blocks))
        return (
            self.least_blocks == self.blocks
            and set(listed) == set(self.cells)
            and all(
                states and set(states) <= legal and len(set(states)) == len(states)
                for states in listed.values()
            )
        )
