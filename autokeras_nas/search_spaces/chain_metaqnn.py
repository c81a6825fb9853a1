"""Chains of the published style: those of MetaQNN."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product

import keras

from autokeras_nas.architecture.chain import Tokens, place
from autokeras_nas.search_spaces.chain_layers import LAST, dense, flat, gap, pool
from autokeras_nas.search_spaces.chain_rules import GAP, SM, Rules, narrower, parse


class Metaqnn(Rules):
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
            return (SM,)
        reached = self.map_after(tokens)
        if reached.dense:
            return (*narrower(self.widths, reached), SM)
        # As in the authors' code: strictly below the bin, so bin 4 leaves kernels 1 and 3.
        layers = [f"C({f},{k},1)" for f in self.filters for k in self.kernels if k < reached.bin]
        if reached.last.startswith("C"):
            layers += [f"P({f},{stride})" for f, stride in self.pools if f < reached.bin]
        if reached.bin < 8:
            layers += [f"FC({width})" for width in self.widths]
        return (*layers, GAP, SM)

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
        return (*tokens, GAP if GAP in self.legal(tokens) else SM)

    @staticmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""
        dropouts = (len(tokens) - 1) // 2
        for position, token in enumerate(tokens):
            name = place(position)
            kind, numbers = parse(token)
            if kind == "C":
                filters, kernel, stride = numbers
                x = keras.layers.Conv2D(
                    filters,
                    kernel,
                    strides=stride,
                    padding="same",
                    activation="relu",
                    kernel_initializer="glorot_uniform",
                    data_format=LAST,
                    name=f"{name}_conv",
                )(x)
            elif kind == "P":
                x = pool(x, *numbers, name=name)
            elif kind == "FC":
                x = dense(flat(x, name), *numbers, name=name, initializer="glorot_uniform")
            else:
                return gap(x, name) if kind == GAP else flat(x, name)
            if position % 2:
                rate = (position + 1) // 2 / (2 * dropouts)
                x = keras.layers.Dropout(rate, name=f"{name}_dropout")(x)
        return x
