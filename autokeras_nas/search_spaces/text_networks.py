"""The networks of the text space: a bag, convolutions, and attention."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import keras
from keras import ops

from autokeras_nas.layers.ngram_bag import NgramBag

Decisions = Mapping[str, tuple[tuple[int | float, ...], int | float]]
"""The choices of each decision, and its default."""


class TextNetwork(abc.ABC):
    """One kind of network; its attributes are its decisions."""

    decisions: ClassVar[Decisions]
    recipe: ClassVar[Mapping[str, float]]

    @abc.abstractmethod
    def build(self, ids, vocabulary: int) -> keras.KerasTensor:
        """Features `(batch, features)` of the numbers of words.

        Args:
            ids: Integers `(batch, places)`; 0 is padding.
            vocabulary: Numbers that occur.
        """


@dataclass(frozen=True)
class Bag(TextNetwork):
    """Words and pairs without their order, and a hidden layer or none.

    Source: Joulin et al., 2017, https://arxiv.org/abs/1607.01759; Iyyer et al., 2015,
    https://aclanthology.org/P15-1162, for the hidden layer and the dropping of words.

    Attributes:
        width: Of the embedding.
        buckets: Rows for pairs of words; 0: words alone.
        word_dropout: Share of words and pairs that training leaves out.
        hidden: Units of the hidden layer; 0: none.
        dropout: Behind the last of these.
    """

    width: int
    buckets: int
    word_dropout: float
    hidden: int
    dropout: float

    decisions: ClassVar[Decisions] = {
        "width": ((16, 32, 64, 128), 32),
        "buckets": ((0, 2**13, 2**15, 2**17), 2**13),
        "word_dropout": ((0.0, 0.2, 0.4), 0.0),
        "hidden": ((0, 64, 128), 0),
        "dropout": ((0.0, 0.2, 0.5), 0.0),
    }
    # The decay stands for the penalty of logistic regression: without it, rows of rare words,
    # which Adam moves as far as others, learn the training texts by heart.
    recipe: ClassVar[Mapping[str, float]] = {"learning_rate": 1e-3, "weight_decay": 1.0}

    def build(self, ids, vocabulary: int) -> keras.KerasTensor:
        bag = NgramBag(vocabulary, self.width, self.buckets, dropout=self.word_dropout, name="bag")
        x = bag(ids)
        if self.hidden:
            x = keras.layers.Dense(self.hidden, activation="relu", name="bag_hidden")(x)
        return _dropped(x, self.dropout, "bag_dropout")


@dataclass(frozen=True)
class Convolution(TextNetwork):
    """Separable convolutions over the words, and the largest answer of each filter.

    Sources: Kim, 2014, https://arxiv.org/abs/1408.5882 (convolution and maximum over the text);
    Chollet, 2017, https://arxiv.org/abs/1610.02357 (separable, with shortcuts).

    Attributes:
        width: Of the embedding.
        filters: Of each convolution.
        kernel: Words that a filter sees.
        depth: Convolutions; from the second on, each has a shortcut.
        dropout: Behind the embedding and before the features.
    """

    width: int
    filters: int
    kernel: int
    depth: int
    dropout: float

    decisions: ClassVar[Decisions] = {
        "width": ((32, 64, 128), 64),
        "filters": ((32, 64, 128, 256), 128),
        "kernel": ((2, 3, 5), 3),
        "depth": ((1, 2, 3, 4), 1),
        "dropout": ((0.0, 0.2, 0.5), 0.2),
    }
    recipe: ClassVar[Mapping[str, float]] = {"learning_rate": 1e-3}

    def build(self, ids, vocabulary: int) -> keras.KerasTensor:
        x = keras.layers.Embedding(vocabulary, self.width, name="embedding")(ids)
        x = _dropped(x, self.dropout, "embedding_dropout")
        for k in range(self.depth):
            shortcut = x
            x = keras.layers.SeparableConv1D(
                self.filters, self.kernel, padding="same", activation="relu", name=f"block_{k}_conv"
            )(x)
            if k:
                x = keras.layers.Add(name=f"block_{k}_add")([shortcut, x])
        x = keras.layers.GlobalMaxPooling1D(name="maximum")(x)
        return _dropped(x, self.dropout, "dropout")


@dataclass(frozen=True)
class Transformer(TextNetwork):
    """A small encoder: attention between all words, and the mean over them.

    A depthwise convolution before the first attention tells the order of the words, so that no
    position needs a weight of its own. Normalization comes first in each branch, as small
    networks then train without a long warm-up.

    Sources: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762; Chu et al., 2021,
    https://arxiv.org/abs/2102.10882 (positions by convolution); Xiong et al., 2020,
    https://arxiv.org/abs/2002.04745 (normalization first).

    Attributes:
        width: Of the embedding and of all layers.
        heads: Of each attention.
        depth: Blocks.
        expansion: How much wider the layer within a block is.
        dropout: In every branch and before the features.
    """

    width: int
    heads: int
    depth: int
    expansion: int
    dropout: float

    decisions: ClassVar[Decisions] = {
        "width": ((32, 64, 128), 64),
        "heads": ((2, 4), 2),
        "depth": ((1, 2, 3), 1),
        "expansion": ((1, 2, 4), 2),
        "dropout": ((0.0, 0.1, 0.3), 0.1),
    }
    recipe: ClassVar[Mapping[str, float]] = {"learning_rate": 5e-4}

    def build(self, ids, vocabulary: int) -> keras.KerasTensor:
        words = ops.not_equal(ids, 0)
        x = keras.layers.Embedding(vocabulary, self.width, name="embedding")(ids)
        order = keras.layers.DepthwiseConv1D(3, padding="same", name="order")(x)
        x = keras.layers.Add(name="order_add")([x, order])
        x = _dropped(x, self.dropout, "embedding_dropout")
        for k in range(self.depth):
            x = self._attended(x, words, f"block_{k}_attention")
            x = self._transformed(x, f"block_{k}_dense")
        x = keras.layers.LayerNormalization(name="norm")(x)
        return _dropped(_mean(x, words), self.dropout, "dropout")

    def _attended(self, x, words, name: str):
        y = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
        attention = keras.layers.MultiHeadAttention(
            self.heads, self.width // self.heads, dropout=self.dropout, name=name
        )
        y = attention(y, y, attention_mask=ops.expand_dims(words, 1))
        return self._added(x, y, name)

    def _transformed(self, x, name: str):
        y = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
        units = self.expansion * self.width
        y = keras.layers.Dense(units, activation="gelu", name=f"{name}_1")(y)
        y = keras.layers.Dense(self.width, name=f"{name}_2")(y)
        return self._added(x, y, name)

    def _added(self, x, y, name: str):
        y = _dropped(y, self.dropout, f"{name}_dropout")
        return keras.layers.Add(name=f"{name}_add")([x, y])


NETWORKS: dict[str, type[TextNetwork]] = {
    "bag": Bag,
    "convolution": Convolution,
    "transformer": Transformer,
}


def _dropped(x, rate: float, name: str):
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def _mean(x, words):
    """Mean `(batch, width)` over the places that hold words; of an empty text, zero."""
    weights = ops.expand_dims(ops.cast(words, x.dtype), -1)
    total = ops.sum(x * weights, axis=1)
    return total / ops.maximum(ops.sum(weights, axis=1), 1.0)
