"""Networks stacked from cells: the outer skeleton, and how one cell is built.

Source: Zoph et al., 2018, https://arxiv.org/abs/1707.07012, Section 3; the fitting of the inputs
as in the code released with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keras import layers

from autokeras_nas.architecture.blocks import NUM_INPUTS, Block, Cell
from autokeras_nas.layers import ScheduledDropPath
from autokeras_nas.search_spaces.cell_operations import IDENTITY, OPERATIONS, Style


@dataclass(frozen=True)
class Place:
    """Where a cell stands in a network.

    Attributes:
        name: What its layers' names begin with.
        filters: Of its operations.
        strided: Whether it halves the map, as a reduction cell.
    """

    name: str
    filters: int
    strided: bool


@dataclass(frozen=True)
class Skeleton:
    """What is the same for all cells of a search: the stem and the row of places.

    Attributes:
        stem: `"cifar"`: a 3x3 convolution; `"imagenet"`: a strided one and two reduction cells.
        stem_filters: Of that convolution.
        filters: Of the cells before the first reduction (that of the stem apart).
        repeats: Normal cells in a row, *N* in the papers.
        reductions: Reduction cells between such rows.
        skip_reduction_input: Whether the cell after a reduction reads, as the earlier of its
            inputs, what stood before the reduction cell's input instead of that input.
        drop_path_keep: Share of examples that keep a path, in the last cell at the end.
        style: How layers are made.
    """

    stem: str
    stem_filters: int
    filters: int
    repeats: int
    reductions: int
    skip_reduction_input: bool
    drop_path_keep: float
    style: Style

    def places(self) -> Iterator[Place]:
        """All cells in order; filters double wherever the map halves."""
        if self.stem == "imagenet":
            yield Place("stem_reduction_0", self.filters // 4, True)
            yield Place("stem_reduction_1", self.filters // 2, True)
        for stage in range(self.reductions + 1):
            filters = self.filters * 2**stage
            if stage:
                yield Place(f"reduction_{stage - 1}", filters, True)
            for k in range(self.repeats):
                yield Place(f"stage_{stage}_cell_{k}", filters, False)

    def begin(self, inputs):
        """The stem's convolution, without its cells."""
        if self.stem == "imagenet":
            return self.style.conv(inputs, self.stem_filters, 3, "stem", strides=2, padding="valid")
        return self.style.conv(inputs, self.stem_filters, 3, "stem")


def stack(skeleton: Skeleton, normal: CellPlan, reduction: CellPlan, inputs) -> tuple[Any, Any]:
    """Stacks cells.

    Returns:
        The last cell's output, and that of the one before the last reduction, for an
        auxiliary head; None: there is no reduction.
    """
    current, previous, before_last = skeleton.begin(inputs), None, None
    halved = False
    places = list(skeleton.places())
    for depth, place in enumerate(places, start=1):
        last_reduction = place.name == f"reduction_{skeleton.reductions - 1}"
        before_last = current if last_reduction else before_last
        drop = (1 - skeleton.drop_path_keep) * depth / len(places)
        builder = CellBuilder(place, skeleton.style, drop)
        plan = reduction if place.strided else normal
        following = builder.build(plan, current, previous, halved)
        skipped = skeleton.skip_reduction_input and place.name.startswith("reduction")
        previous = previous if skipped and previous is not None else current
        current, halved = following, place.strided
    return current, before_last


@dataclass(frozen=True)
class CellPlan:
    """A cell and the states that make its output."""

    cell: Cell
    combined: Sequence[int]


@dataclass(frozen=True)
class CellBuilder:
    """Builds a cell at its place.

    Attributes:
        place: Where.
        style: How layers are made.
        drop: Share of examples that lose a path at the end of training.
    """

    place: Place
    style: Style
    drop: float = 0.0

    def build(self, plan: CellPlan, current, previous, halved: bool):
        """The output of the cell.

        Args:
            plan: The cell.
            current: Output of the cell before.
            previous: Of the one before it; None in the first cell, which reads `current` in
                its place, unchanged.
            halved: Whether `previous` is twice as large as `current`.
        """
        states = [
            self.style.relu_conv(current, self.place.filters, 1, self.name("current")),
            current if previous is None else self.fitted(previous, halved, "previous"),
        ]
        for k, block in enumerate(plan.cell):
            states.append(self.block(block, states, k))
        outputs = [self.output(states[k], k) for k in plan.combined]
        if len(outputs) == 1:
            return outputs[0]
        return layers.Concatenate(name=self.name("output"))(outputs)

    def block(self, block: Block, states: Sequence[Any], position: int):
        """A new state from two."""
        halves = [
            self.half(states[state], state, operation, f"block_{position}_half_{side}")
            for side, (state, operation) in enumerate(block.halves)
        ]
        merge = layers.Concatenate if block.merge == "concat" else layers.Add
        return merge(name=self.name(f"block_{position}"))(halves)

    def half(self, x, state: int, operation: str, part: str):
        """An operation on a state, and its drop-path; identities are never dropped."""
        # What is inside the cell has been halved already.
        strides = 2 if self.place.strided and state < NUM_INPUTS else 1
        x = OPERATIONS[operation](self.style, x, self.place.filters, strides, self.name(part))
        if operation == IDENTITY or not self.drop:
            return x
        return ScheduledDropPath(self.drop, name=self.name(f"{part}_drop"))(x)

    def output(self, x, state: int):
        """A state as part of the output: the cell's inputs still need the output's shape."""
        if state >= NUM_INPUTS:
            return x
        return self.fitted(x, self.place.strided, f"output_{state}")

    def fitted(self, x, halve: bool, part: str):
        """A state with half the size and the place's filters, changed only where it must be."""
        if halve:
            return self.style.halved(x, self.place.filters, self.name(part))
        if x.shape[-1] == self.place.filters:
            return x
        return self.style.relu_conv(x, self.place.filters, 1, self.name(part))

    def name(self, part: str) -> str:
        """A layer's name."""
        return f"{self.place.name}_{part}"


def auxiliary_features(style: Style, x):
    """The features of an auxiliary head: pooled, narrowed, and seen as a whole.

    As in the code released with NASNet: 5x5 average pooling with stride 3, a 1x1 convolution
    to 128 channels, and a convolution over the whole map to 768; where a map is too small
    for the pooling, it is left out.

    Args:
        style: How layers are made.
        x: Map `(batch, height, width, channels)` of known size.

    Returns:
        `(batch, 768)`.
    """
    x = layers.Activation("relu", name="auxiliary_relu")(x)
    if min(x.shape[1:3]) >= 5:
        x = layers.AveragePooling2D(
            5, 3, padding="valid", data_format="channels_last", name="auxiliary_pool"
        )(x)
    x = style.conv(x, 128, 1, "auxiliary_narrow")
    x = style.relu_conv(x, 768, tuple(x.shape[1:3]), "auxiliary_whole", padding="valid")
    x = layers.Activation("relu", name="auxiliary_end")(x)
    return layers.Flatten(name="auxiliary_features")(x)
