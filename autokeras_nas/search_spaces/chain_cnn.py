"""ChainCnn: convolutional networks that are one layer after the other."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

from autokeras_nas.architecture import Features, FeatureSpec, InputSpec, Value
from autokeras_nas.architecture.chain import Chain
from autokeras_nas.search_spaces.base import (
    SEARCH_SPACES,
    SearchSpace,
    check_vector,
    legal_values,
)
from autokeras_nas.search_spaces.chain_metaqnn import Metaqnn
from autokeras_nas.search_spaces.chain_modern import Modern
from autokeras_nas.search_spaces.chain_rules import GAP, SM, SMALLEST_SIDE, Rules

_STYLES: dict[str, type[Rules]] = {"modern": Modern, "metaqnn": Metaqnn}


@SEARCH_SPACES.register("chain_cnn")
class ChainCnn(SearchSpace):
    """Plain and residual convolutional networks, chosen layer by layer.

    The first space to try for images: small, quick to train, and every prefix of a network
    has a meaning, so tabular learners, evolution and progressive search all work on it.

    `style="modern"` is our own design on MetaQNN's idea. `C(f,k)` is a convolution with batch
    normalization and ReLU, `R(f,k)` a residual block of two such convolutions, `P(2,2)` max
    pooling, `FC(d)` a dense layer with ReLU and dropout; `GAP` (global average pooling) and
    `SM` (flattening) end the network. Filters follow the number of poolings so far, 8 to 32,
    then 16 to 64, then 32 to 128: a pooling quarters the pixels and twice the filters on both
    sides of a kernel quadruple the work, so that a layer costs about the same in each of these
    stages. Dense layers and ends come only after three layers and where the map is at most 8
    pixels wide, cannot be pooled further, or the depth is used up; flattened features are at
    most 4,096. After two layers without pooling a map wider than 8 must be pooled: drawn
    uniformly, most networks would else stay wide, and slow, to the end.

    `style="metaqnn"` is the published space, with the rules that only the authors' code states:
    kernels smaller than the binned size, no pooling as the first layer. It ends in `GAP` or
    `SM`; since nothing but softmax may follow `GAP`, it is a terminal here. The published
    networks have dropout after every second layer, the i-th of n at rate i / (2 n), and no
    normalization. Weight decay belongs to the training and is not part of the space.

    Source: Baker et al., 2017, https://arxiv.org/abs/1611.02167, Table 1 and Section 4.1.

    Args:
        max_depth: The most layers, the terminal included. None: 14 in modern style, the
            published 12 in the other.
        style: `"modern"` or `"metaqnn"`.

    Raises:
        ValueError: If `max_depth` is below 2 or the style is unknown.
    """

    def __init__(self, max_depth: int | None = None, style: str = "modern"):
        if style not in _STYLES:
            raise ValueError(f"`style` must be one of {tuple(_STYLES)}. Received: {style!r}.")
        if max_depth is not None and max_depth < 2:
            raise ValueError(
                "`max_depth` must be at least 2: a layer and a terminal. "
                f"Received: {max_depth=}. Raise it, or leave it out."
            )
        self.style = style
        self.max_depth = _STYLES[style].usual_depth if max_depth is None else index(max_depth)

    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> Chain:
        check_vector("chain_cnn", interface)
        rules = _STYLES[self.style](_known_shape(input_spec.shape), self.max_depth)
        return Chain(
            rules.legal,
            terminals=(GAP, SM),
            longest=self.max_depth,
            default=rules.default(),
            tokens=rules.tokens,
            state=rules.state,
        )

    def trunk(
        self,
        values: Mapping[str, Value],
        inputs: Any,
        input_spec: InputSpec,
        interface: FeatureSpec,
    ) -> Features:
        grammar = self.grammar(input_spec, interface)
        values = legal_values(grammar, values, input_spec)
        build = _STYLES[self.style].build
        return Features(build(grammar.tokens_of(values), inputs))


def _known_shape(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    known = tuple(size for size in shape if size is not None)
    if not len(shape) == len(known) == 3:
        raise ValueError(
            "`chain_cnn` needs images of a known shape `(height, width, channels)`. "
            f"Received: {shape=}. Resize the images to one size."
        )
    height, width, channels = known
    if min(height, width) < SMALLEST_SIDE:
        raise ValueError(
            f"`chain_cnn` needs images of at least {SMALLEST_SIDE} by {SMALLEST_SIDE} pixels. "
            f"Received: {shape=}. Enlarge the images."
        )
    return height, width, channels
