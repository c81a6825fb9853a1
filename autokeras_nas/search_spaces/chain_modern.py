"""Chains of our own style: batch normalization, residual blocks, filters that follow poolings."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from itertools import product

import keras

from autokeras_nas.architecture.chain import Tokens, place
from autokeras_nas.search_spaces.chain_layers import LAST, dense, flat, gap, pool
from autokeras_nas.search_spaces.chain_rules import (
    GAP,
    SM,
    SMALLEST_SIDE,
    FeatureMap,
    Rules,
    narrower,
    parse,
)


class Modern(Rules):
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
            return (*narrower(self.widths, reached), SM)
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
        ends = [GAP]
        if reached.features <= self.most_flat:
            ends.append(SM)
            blocks += [f"FC({width})" for width in self.widths if self._may_end(tokens)]
        if tokens and self._can_pool(reached) and not reached.last.startswith("P"):
            blocks.append("P(2,2)")
        return (*blocks, *(ends if self._may_end(tokens) else ()))

    def _must_pool(self, tokens: Tokens, reached: FeatureMap) -> bool:
        """Whether a wide map has had its layers: uniform sampling seldom pools, at a high cost."""
        if len(tokens) >= self.max_depth - 1:
            return False  # The last place is for an end.
        wide = max(reached.height, reached.width) > self.widest_end
        return wide and self._can_pool(reached) and _since_pool(tokens) >= self.most_wide

    def _can_pool(self, reached: FeatureMap) -> bool:
        return reached.side >= SMALLEST_SIDE

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
        return (*tokens, SM if SM in self.legal(tokens) else GAP)

    @staticmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""
        for position, token in enumerate(tokens):
            name = place(position)
            kind, numbers = parse(token)
            if kind == "C":
                x = _conv_bn(x, *numbers, conv=f"{name}_conv", norm=f"{name}_bn")
                x = keras.layers.Activation("relu", name=f"{name}_relu")(x)
            elif kind == "R":
                x = _residual(x, *numbers, name=name)
            elif kind == "P":
                x = pool(x, *numbers, name=name)
            elif kind == "FC":
                x = dense(flat(x, name), *numbers, name=name, initializer="he_normal")
                x = keras.layers.Dropout(0.25, name=f"{name}_dropout")(x)
            elif len(x.shape) == 4:  # after FC, dropout has been
                x = gap(x, name) if kind == GAP else flat(x, name)
                x = keras.layers.Dropout(0.25, name=f"{name}_dropout")(x)
        return x


@lru_cache(maxsize=1024)
def _since_pool(tokens: Tokens) -> int:
    """Layers since the last pooling, or since the input."""
    return next((k for k, t in enumerate(reversed(tokens)) if t.startswith("P")), len(tokens))


def _conv_bn(x, filters, kernel, *, conv, norm):
    x = keras.layers.Conv2D(
        filters,
        kernel,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        data_format=LAST,
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
