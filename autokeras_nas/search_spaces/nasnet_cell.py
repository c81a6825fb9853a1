"""NasnetCell: networks that repeat a small cell, of which the cell is searched."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from operator import index
from typing import Any

from keras import layers

from autokeras_nas.architecture import Features, FeatureSpec, InputSpec, Value
from autokeras_nas.architecture.blocks import (
    Block,
    Cell,
    Combine,
    combined_states,
    read_cell,
    write_cells,
)
from autokeras_nas.architecture.cells import CellGrammar
from autokeras_nas.errors import unknown_name
from autokeras_nas.search_spaces.base import SEARCH_SPACES, SearchSpace, legal_values
from autokeras_nas.search_spaces.cell_network import (
    CellPlan,
    Skeleton,
    auxiliary_features,
    stack,
)
from autokeras_nas.search_spaces.cell_operations import OPERATIONS, SMALL_OPERATIONS, Style
from autokeras_nas.search_spaces.known_cells import NASNET_A

_NORMS = {
    # The first: trials are short, and averages over thousands of steps would lag behind.
    "cifar": {"momentum": 0.9, "epsilon": 1e-5},
    "imagenet": {"momentum": 0.9997, "epsilon": 1e-3},
}
"""Batch normalization as in the released settings for each data set."""

_STEM_STRIDES = {"cifar": 1, "imagenet": 8}
_POOL_PADDINGS = ("same", "zeros")


@SEARCH_SPACES.register("nasnet_cell")
class NasnetCell(SearchSpace):
    """Networks of a normal cell that keeps the map's size and a reduction cell that halves it.

    Small cells found on small images make networks of any size: the same cells are repeated more
    often (`cell_repeats`) and made wider (`filters`), and an architecture says nothing of
    either. One would choose the space to find something that transfers, not for speed: per layer,
    cells of many small operations are slow to trace and to train.

    A network is a stem, then `cell_repeats` normal cells, then for each of the `reductions` a
    reduction cell and as many normal cells. Each cell reads the outputs of the two cells before
    it, fitted to its own size and filters by 1x1 convolutions or a factorised reduction. Filters
    double where the map halves. In a reduction cell only what reads its two inputs has
    stride 2. The operations are `OPERATIONS` of `cell_operations`, all thirteen of the paper.

    The defaults make a proxy for a CPU. The papers search with `blocks=5`, `reductions=2` and

    - NASNet: all of `OPERATIONS`, `merges=("add", "concat")`, `cell_repeats=2`, `filters=32`;
    - regularized evolution: `EIGHT_OPERATIONS`, `cell_repeats=3`, `filters=24`;
    - PNAS: `EIGHT_OPERATIONS`, `cell_repeats=2`, `filters=24`, `shared_cell=True`;

    of which the filters of the first and all sizes of the last are quoted from memory.

    Source: Zoph et al., 2018, https://arxiv.org/abs/1707.07012, Section 3.

    Args:
        blocks: The most blocks of a cell, *B* in the paper.
        least_blocks: The fewest. None: 1 with a shared cell, else as many as the most.
        operations: What may be done to a state, names of `OPERATIONS`.
        merges: How a block's two results may be merged, of `"add"` and `"concat"`.
        shared_cell: Whether one cell takes both roles, as in PNAS.
        combine: Which states are concatenated to a cell's output. `"unused"`: those that no
            block reads, its inputs among them, as in the paper; `"all"`: the outputs of all
            blocks; or a mapping of each cell to its states, as in `NASNET_A.combine`.
        cell_repeats: Normal cells in a row, *N* in the paper.
        filters: Of the first row's operations, *F* in code; the paper's "N @ F" counts the
            channels of the last map instead.
        reductions: Reduction cells, those of the stem apart.
        stem: `"cifar"`: a 3x3 convolution; `"imagenet"`: a strided one and two reduction
            cells, which together make the map eight times smaller.
        stem_filters: Of that convolution. None: `3 * filters`, on ImageNet 32.
        skip_reduction_input: Whether the cell after a reduction does not read the reduction's
            input but what came before it, as NASNet-A large of Keras.
        pool_padding: Of strided pooling: `"same"` as in the released code, or `"zeros"` as in
            `keras.applications`.
        drop_path_keep: Share of examples that keep a path in the last cell at the end of
            training; earlier cells and steps keep more. 1: no drop-path.
        auxiliary_head: Whether there are features for an auxiliary head, before the last
            reduction (none without one). They come in `Features.auxiliary`; the head is the task's.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        blocks: int = 3,
        least_blocks: int | None = None,
        operations: Sequence[str] = SMALL_OPERATIONS,
        merges: Sequence[str] = ("add",),
        shared_cell: bool = False,
        combine: Combine = "unused",
        cell_repeats: int = 1,
        filters: int = 8,
        reductions: int = 1,
        stem: str = "cifar",
        stem_filters: int | None = None,
        skip_reduction_input: bool = False,
        pool_padding: str = "same",
        drop_path_keep: float = 1.0,
        auxiliary_head: bool = False,
    ):
        self.blocks = index(blocks)
        self.least_blocks = None if least_blocks is None else index(least_blocks)
        self.operations = list(operations)
        self.merges = list(merges)
        self.shared_cell = shared_cell
        self.combine = combine
        self.cell_repeats = index(cell_repeats)
        self.filters = index(filters)
        self.reductions = index(reductions)
        self.stem = stem
        self.stem_filters = None if stem_filters is None else index(stem_filters)
        self.skip_reduction_input = skip_reduction_input
        self.pool_padding = pool_padding
        self.drop_path_keep = drop_path_keep
        self.auxiliary_head = auxiliary_head
        self._check_arguments()
        self._grammar()

    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> CellGrammar:
        self._check_inputs(input_spec.shape)
        self._reductions_to(interface)
        return self._grammar()

    def trunk(
        self,
        values: Mapping[str, Value],
        inputs: Any,
        input_spec: InputSpec,
        interface: FeatureSpec,
    ) -> Features:
        grammar = self.grammar(input_spec, interface)
        values = legal_values(grammar, values, input_spec)
        skeleton = self._skeleton(self._reductions_to(interface))
        plans = [
            CellPlan(cell := read_cell(values, name), combined_states(cell, grammar.rule(name)))
            for name in grammar.cells
        ]
        x, before = stack(skeleton, plans[0], plans[-1], inputs)
        auxiliary: tuple[Any, ...] = ()
        if self.auxiliary_head and before is not None:
            auxiliary = (auxiliary_features(skeleton.style, before),)
        x = layers.Activation("relu", name="end_relu")(x)
        if interface.kind == "vector":
            x = layers.GlobalAveragePooling2D(data_format="channels_last", name="end_pool")(x)
        return Features(x, auxiliary)

    def _grammar(self) -> CellGrammar:
        roles = {"cell": "normal"} if self.shared_cell else {c: c for c in ("normal", "reduction")}
        default = {
            cell: tuple(self._likely(read_cell(NASNET_A.values, role)))
            for cell, role in roles.items()
        }
        return CellGrammar(
            self.operations,
            self.blocks,
            self.least_blocks,
            self.shared_cell,
            self.merges,
            self.combine,
            default=write_cells(default, with_merge=len(self.merges) > 1),
        )

    def _likely(self, cell: Cell) -> Iterator[Block]:
        """The first blocks of a good cell, with the most similar of the operations there are."""
        for block in itertools.islice(itertools.cycle(cell), self.blocks):
            one, other = map(self._similar, block.operations)
            yield Block(block.inputs, (one, other), self.merges[0])

    def _similar(self, operation: str) -> str:
        """The operation, another of its kind, or the first there is."""
        kind = operation.partition("_")[0]
        alike = [name for name in self.operations if name.partition("_")[0] == kind]
        return operation if operation in alike else [*alike, self.operations[0]][0]

    def _skeleton(self, reductions: int) -> Skeleton:
        usual = 3 * self.filters if self.stem == "cifar" else 32
        return Skeleton(
            stem=self.stem,
            stem_filters=usual if self.stem_filters is None else self.stem_filters,
            filters=self.filters,
            repeats=self.cell_repeats,
            reductions=reductions,
            skip_reduction_input=self.skip_reduction_input,
            drop_path_keep=self.drop_path_keep,
            style=Style(**_NORMS[self.stem], pool_padding=self.pool_padding),
        )

    def _reductions_to(self, interface: FeatureSpec) -> int:
        """The reductions after which a network has the features wanted."""
        if interface.kind == "vector" or (interface.kind == "map" and interface.stride is None):
            return self.reductions
        strides = [_STEM_STRIDES[self.stem] * 2**k for k in range(self.reductions + 1)]
        if interface.kind != "map" or interface.stride not in strides:
            raise ValueError(
                f"This space makes vectors and maps of stride {strides}. Received: {interface}. "
                "Choose other `reductions` or another `stem`, or another search space."
            )
        return strides.index(interface.stride)

    def _check_inputs(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) != 3 or shape[2] is None:
            raise ValueError(
                "Inputs must be images `(height, width, channels)` with known channels. "
                f"Received: {shape=}."
            )
        if self.auxiliary_head and None in shape:
            raise ValueError(
                f"An auxiliary head needs images of known size. Received: {shape=}. "
                "Fix the size, or leave `auxiliary_head` out."
            )
        least = 3 if self.stem == "imagenet" else 1
        if any(side is not None and side < least for side in shape[:2]):
            raise ValueError(
                f"Images must have at least {least} pixels a side for the stem {self.stem!r}. "
                f"Received: {shape=}. Use `stem='cifar'` or larger images."
            )

    def _check_arguments(self) -> None:
        if not self.operations:
            raise ValueError(f"`operations` must name at least one. Received: {self.operations}.")
        for operation in self.operations:
            if operation not in OPERATIONS:
                raise unknown_name("operation", operation, OPERATIONS)
        ranges = {
            "stem": (self.stem in _STEM_STRIDES, f"one of {tuple(_STEM_STRIDES)}"),
            "pool_padding": (self.pool_padding in _POOL_PADDINGS, f"one of {_POOL_PADDINGS}"),
            "cell_repeats": (self.cell_repeats >= 1, "at least 1"),
            "reductions": (self.reductions >= 0, "at least 0"),
            "stem_filters": (self.stem_filters is None or self.stem_filters >= 1, "at least 1"),
            "drop_path_keep": (0 < self.drop_path_keep <= 1, "above 0 and at most 1"),
            # The stem's cells have a quarter and half of them.
            "filters": (
                self.filters >= (4 if self.stem == "imagenet" else 1),
                "at least 1, with the stem 'imagenet' at least 4",
            ),
        }
        for name, (holds, wanted) in ranges.items():
            if not holds:
                raise ValueError(f"`{name}` must be {wanted}. Received: {getattr(self, name)!r}.")
