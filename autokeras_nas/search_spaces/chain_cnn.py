"""ChainCnn: convolutional networks that are one layer after the other."""

from __future__ import annotations

import abc
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, ClassVar

import keras

from autokeras_nas.architecture import Features, FeatureSpec, InputSpec, Value
from autokeras_nas.architecture.chain import Chain, Tokens, place
from autokeras_nas.search_spaces.base import (
    SEARCH_SPACES,
    SearchSpace,
    check_legal,
    check_vector,
)

_SMALLEST_SIDE = 4
_MOST_FC = 2
_GAP, _SM = "GAP", "SM"
_LAST = "channels_last"


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
        self.max_depth = _STYLES[style].usual_depth if max_depth is None else max_depth

    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> Chain:
        check_vector("chain_cnn", interface)
        rules = _STYLES[self.style](_known_shape(input_spec.shape), self.max_depth)
        return Chain(
            rules.legal,
            terminals=(_GAP, _SM),
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
        check_legal(grammar, values, input_spec)
        build = _STYLES[self.style].build
        return Features(build(grammar.tokens_of(values), inputs))


@dataclass(frozen=True)
class _Map:
    """What a beginning has made of the input.

    Attributes:
        height: True rows of the feature map, not binned.
        width: True columns.
        channels: Its channels.
        pools: Poolings so far.
        dense: Consecutive FC layers, so far the last ones.
        last: The last token; empty at the start.
    """

    height: int
    width: int
    channels: int
    pools: int = 0
    dense: int = 0
    last: str = ""

    @property
    def side(self) -> int:
        """The shorter side."""
        return min(self.height, self.width)

    @property
    def bin(self) -> int:
        """The size as MetaQNN bins it: 8 and up, 4 to 7, 1 to 3."""
        return 8 if self.side > 7 else 4 if self.side > 3 else 1

    @property
    def features(self) -> int:
        """The features of the flattened map."""
        return self.height * self.width * self.channels

    def after(self, token: str) -> _Map:
        """The map behind one more layer."""
        kind, numbers = _parse(token)
        if kind in ("C", "R"):
            return replace(self, channels=numbers[0], last=token)
        if kind == "P":
            height, width = (_pooled(n, *numbers) for n in (self.height, self.width))
            return replace(self, height=height, width=width, pools=self.pools + 1, last=token)
        return replace(self, dense=self.dense + (kind == "FC"), last=token)


class _Rules(abc.ABC):
    """What is legal in a style, and how it is built.

    Args:
        shape: `(height, width, channels)` of the input.
        max_depth: The most layers, the terminal included.
    """

    usual_depth: ClassVar[int]
    tokens: ClassVar[Tokens]

    def __init__(self, shape: tuple[int, int, int], max_depth: int):
        self.start = _Map(*shape)
        self.max_depth = max_depth

    def map_after(self, tokens: Tokens) -> _Map:
        """The feature map behind the tokens."""
        reached = self.start
        for token in tokens:
            reached = reached.after(token)
        return reached

    @abc.abstractmethod
    def legal(self, tokens: Tokens) -> Tokens:
        """The tokens that may follow, ends included."""

    @abc.abstractmethod
    def state(self, tokens: Tokens) -> Hashable:
        """What a tabular learner may know, and all that legality rests on."""

    @abc.abstractmethod
    def default(self) -> Tokens:
        """A sound network."""

    @staticmethod
    @abc.abstractmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""


class _Modern(_Rules):
    """Our own style."""

    usual_depth = 14
    stages = ((8, 16, 32), (16, 32, 64), (32, 64, 128))
    widths = (256, 128, 64)
    kernels = (3, 5)
    least_layers = 3
    most_wide = 2
    widest_end = 8
    most_flat = 4096
    tokens = (
        *(f"{b}({f},{k})" for b, f, k in product("CR", (8, 16, 32, 64, 128), kernels)),
        *(f"FC({d})" for d in widths),
        "P(2,2)",
    )

    def legal(self, tokens: Tokens) -> Tokens:
        """The tokens that may follow; pooling last among the layers."""
        reached = self.map_after(tokens)
        if reached.dense:
            return (*_narrower(self.widths, reached), _SM)
        if self._must_pool(tokens, reached):
            return ("P(2,2)",)
        blocks = [
            f"{block}({filters},{kernel})"
            for block in "CR"
            for filters in self.stages[min(reached.pools, len(self.stages) - 1)]
            for kernel in self.kernels
            # Padding serves the smallest kernel on the smallest maps, so none is a dead end.
            if kernel == self.kernels[0] or kernel <= reached.side
        ]
        ends = [_GAP]
        if reached.features <= self.most_flat:
            ends.append(_SM)
            blocks += [f"FC({width})" for width in self.widths if self._may_end(tokens)]
        if tokens and self._can_pool(reached) and not reached.last.startswith("P"):
            blocks.append("P(2,2)")
        return (*blocks, *(ends if self._may_end(tokens) else ()))

    def _must_pool(self, tokens: Tokens, reached: _Map) -> bool:
        """Whether a wide map has had its layers: uniform sampling seldom pools, at a high cost."""
        if len(tokens) >= self.max_depth - 1:
            return False  # The last place is for an end.
        wide = max(reached.height, reached.width) > self.widest_end
        return wide and self._can_pool(reached) and _since_pool(tokens) >= self.most_wide

    def _can_pool(self, reached: _Map) -> bool:
        return reached.side >= _SMALLEST_SIDE

    def _may_end(self, tokens: Tokens) -> bool:
        """Whether the network may leave the map: costly large maps do not reach the end."""
        if len(tokens) >= self.max_depth - 1:
            return True
        reached = self.map_after(tokens)
        small = max(reached.height, reached.width) <= self.widest_end
        return len(tokens) >= self.least_layers and (small or not self._can_pool(reached))

    def state(self, tokens: Tokens) -> Hashable:
        """Last layer, depth, true size, poolings and dense layers: all that legality rests on."""
        reached = self.map_after(tokens)
        size = (reached.height, reached.width, reached.channels)
        since = min(_since_pool(tokens), self.most_wide)
        return (reached.last, len(tokens), size, reached.pools, since, reached.dense)

    def default(self) -> Tokens:
        """Pooling with two convolutions behind it until the map is small, then a dense layer.

        A wide map is pooled after one convolution, since layers before the first pooling cost
        the most.
        """
        wide = max(self.start.height, self.start.width) > self.widest_end
        tokens: Tokens = ("C(16,3)",) if wide else ("C(32,3)", "C(32,3)")
        while self._can_pool(reached := self.map_after(tokens)) and (
            max(reached.height, reached.width) > self.widest_end
            or (reached.pools == 0 and reached.side >= self.widest_end)
        ):
            filters = self.stages[min(reached.pools + 1, len(self.stages) - 1)][1]
            tokens += ("P(2,2)", f"C({filters},3)", f"C({filters},3)")
        if len(tokens) < self.least_layers:
            tokens += ("C(32,3)",)
        tokens = tokens[: self.max_depth - 1]
        if "FC(128)" in self.legal(tokens) and len(tokens) < self.max_depth - 1:
            tokens += ("FC(128)",)
        return (*tokens, _SM if _SM in self.legal(tokens) else _GAP)

    @staticmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""
        for position, token in enumerate(tokens):
            name = place(position)
            kind, numbers = _parse(token)
            if kind == "C":
                x = _conv_bn(x, *numbers, conv=f"{name}_conv", norm=f"{name}_bn")
                x = keras.layers.Activation("relu", name=f"{name}_relu")(x)
            elif kind == "R":
                x = _residual(x, *numbers, name=name)
            elif kind == "P":
                x = _pool(x, *numbers, name=name)
            elif kind == "FC":
                x = _dense(_flat(x, name), *numbers, name=name, initializer="he_normal")
                x = keras.layers.Dropout(0.25, name=f"{name}_dropout")(x)
            elif len(x.shape) == 4:  # after FC, dropout has been
                x = _gap(x, name) if kind == _GAP else _flat(x, name)
                x = keras.layers.Dropout(0.25, name=f"{name}_dropout")(x)
        return x


class _Metaqnn(_Rules):
    """The published style."""

    usual_depth = 12
    filters = (64, 128, 256, 512)
    kernels = (1, 3, 5)
    pools = ((5, 3), (3, 2), (2, 2))
    widths = (512, 256, 128)
    tokens = (
        *(f"C({f},{k},1)" for f, k in product(filters, kernels)),
        *(f"P({f},{stride})" for f, stride in pools),
        *(f"FC({d})" for d in widths),
    )

    def legal(self, tokens: Tokens) -> Tokens:
        """The tokens that may follow; at the maximum depth stopping alone."""
        if len(tokens) >= self.max_depth - 1:
            return (_SM,)
        reached = self.map_after(tokens)
        if reached.dense:
            return (*_narrower(self.widths, reached), _SM)
        # As in the authors' code: strictly below the bin, so bin 4 leaves kernels 1 and 3.
        layers = [f"C({f},{k},1)" for f in self.filters for k in self.kernels if k < reached.bin]
        if reached.last.startswith("C"):
            layers += [f"P({f},{stride})" for f, stride in self.pools if f < reached.bin]
        if reached.bin < 8:
            layers += [f"FC({width})" for width in self.widths]
        return (*layers, _GAP, _SM)

    def state(self, tokens: Tokens) -> Hashable:
        """Last layer with its fields, depth, size bin and consecutive FC layers."""
        reached = self.map_after(tokens)
        return (reached.last, len(tokens), reached.bin, reached.dense)

    def default(self) -> Tokens:
        """Convolution and pooling in turn, of what fits."""
        tokens: Tokens = ()
        for token in ("C(64,3,1)", "P(2,2)", "C(128,3,1)", "P(2,2)", "C(256,3,1)"):
            if token in self.legal(tokens):
                tokens = (*tokens, token)
        return (*tokens, _GAP if _GAP in self.legal(tokens) else _SM)

    @staticmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""
        dropouts = (len(tokens) - 1) // 2
        for position, token in enumerate(tokens):
            name = place(position)
            kind, numbers = _parse(token)
            if kind == "C":
                filters, kernel, stride = numbers
                x = keras.layers.Conv2D(
                    filters,
                    kernel,
                    strides=stride,
                    padding="same",
                    activation="relu",
                    kernel_initializer="glorot_uniform",
                    data_format=_LAST,
                    name=f"{name}_conv",
                )(x)
            elif kind == "P":
                x = _pool(x, *numbers, name=name)
            elif kind == "FC":
                x = _dense(_flat(x, name), *numbers, name=name, initializer="glorot_uniform")
            else:
                return _gap(x, name) if kind == _GAP else _flat(x, name)
            if position % 2:
                rate = (position + 1) // 2 / (2 * dropouts)
                x = keras.layers.Dropout(rate, name=f"{name}_dropout")(x)
        return x


_STYLES: dict[str, type[_Rules]] = {"modern": _Modern, "metaqnn": _Metaqnn}


@lru_cache(maxsize=1024)
def _since_pool(tokens: Tokens) -> int:
    """Layers since the last pooling, or since the input."""
    return next((k for k, t in enumerate(reversed(tokens)) if t.startswith("P")), len(tokens))


def _parse(token: str) -> tuple[str, tuple[int, ...]]:
    """The kind and the numbers of a token: `C(32,3)` is `("C", (32, 3))`."""
    return token.partition("(")[0], tuple(map(int, re.findall(r"\d+", token)))


def _pooled(size: int, kernel: int, stride: int) -> int:
    """The size after unpadded pooling, `ceil((n - f + 1) / l)`."""
    return -(-(size - kernel + 1) // stride)


def _narrower(widths: tuple[int, ...], reached: _Map) -> tuple[str, ...]:
    """The FC layers that may follow an FC layer: no wider, and at most two in all."""
    if reached.dense >= _MOST_FC:
        return ()
    (last,) = _parse(reached.last)[1]
    return tuple(f"FC({width})" for width in widths if width <= last)


def _conv_bn(x, filters, kernel, *, conv, norm):
    x = keras.layers.Conv2D(
        filters,
        kernel,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        data_format=_LAST,
        name=conv,
    )(x)
    # Trials are short: averages over hundreds of steps would lag behind the weights.
    return keras.layers.BatchNormalization(axis=-1, momentum=0.9, name=norm)(x)


def _residual(x, filters, kernel, *, name):
    """Two convolutions beside a shortcut, which is projected where the channels change."""
    shortcut = x
    if x.shape[-1] != filters:
        shortcut = _conv_bn(x, filters, 1, conv=f"{name}_shortcut_conv", norm=f"{name}_shortcut_bn")
    x = _conv_bn(x, filters, kernel, conv=f"{name}_conv_1", norm=f"{name}_bn_1")
    x = keras.layers.Activation("relu", name=f"{name}_relu_1")(x)
    x = _conv_bn(x, filters, kernel, conv=f"{name}_conv_2", norm=f"{name}_bn_2")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_relu_2")(x)


def _pool(x, size, stride, *, name):
    return keras.layers.MaxPooling2D(size, stride, data_format=_LAST, name=f"{name}_pool")(x)


def _gap(x, name):
    return keras.layers.GlobalAveragePooling2D(data_format=_LAST, name=f"{name}_gap")(x)


def _flat(x, name):
    """A map as a vector; a vector as it is."""
    return x if len(x.shape) == 2 else keras.layers.Flatten(name=f"{name}_flatten")(x)


def _dense(x, units, *, name, initializer):
    layer = keras.layers.Dense(
        units, activation="relu", kernel_initializer=initializer, name=f"{name}_dense"
    )
    return layer(x)


def _known_shape(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    known = tuple(size for size in shape if size is not None)
    if not len(shape) == len(known) == 3:
        raise ValueError(
            "`chain_cnn` needs images of a known shape `(height, width, channels)`. "
            f"Received: {shape=}. Resize the images to one size."
        )
    height, width, channels = known
    if min(height, width) < _SMALLEST_SIDE:
        raise ValueError(
            f"`chain_cnn` needs images of at least {_SMALLEST_SIDE} by {_SMALLEST_SIDE} pixels. "
            f"Received: {shape=}. Enlarge the images."
        )
    return height, width, channels
