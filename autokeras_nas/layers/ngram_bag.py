"""A bag of words and word pairs, weighed as TF-IDF weighs them and embedded."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

_FIRST, _SECOND = 31337, 17389
"""Odd factors of the hash of a pair: no overflow of 32 bits below 44,000 words."""
_PAIR_WEIGHT = 0.1
_TINY = 1e-6


@keras.saving.register_keras_serializable(package="autokeras_nas")
class NgramBag(keras.layers.Layer):
    """The words of a text and its pairs of neighbours, whatever their order, as one vector.

        y   = sum_i w_i E[n_i] / sqrt(sum_i w_i^2)
        w_i = log(1 + id) / log(1 + vocabulary)      of a word
        w_i = 0.1                                    of a pair

    over the n-grams `n_i` of a text that are no padding. This is a TF-IDF vector of unit length
    times a matrix `E`: with a softmax behind it, logistic regression on TF-IDF. The weight of a
    word needs no counts: words are numbered by their frequency, which by Zipf's law falls with
    the number, so that the inverse document frequency grows with its logarithm.

    Pairs share `buckets` rows by a hash. A rare row that Adam trains moves as far as a frequent
    one, and pairs are rare: with the weight of words they learn the training texts by heart.

    Sources: Joulin et al., 2017, https://arxiv.org/abs/1607.01759 (embedded bags, hashed pairs);
    Iyyer et al., 2015, https://aclanthology.org/P15-1162 (dropping words). The weights are our
    own.

    Args:
        vocabulary: Numbers below this are words, the frequent ones first; 0 is padding.
        width: Numbers in the vector.
        buckets: Rows that pairs share; 0: no pairs.
        dropout: Share of n-grams that is left out while training, in [0, 1).
        seed: Of what is left out.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: If a size is too small or the dropout is out of its range.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        buckets: int = 0,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if vocabulary < 2 or width < 1 or buckets < 0 or not 0.0 <= dropout < 1.0:
            raise ValueError(
                "An n-gram bag needs `vocabulary` of at least 2, `width` of at least 1, no "
                "negative `buckets`, and `dropout` in [0, 1). "
                f"Received: {vocabulary=}, {width=}, {buckets=}, {dropout=}. Change that one."
            )
        self.vocabulary = vocabulary
        self.width = width
        self.buckets = buckets
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape) -> None:
        """Makes the matrix: a row for each word, then one for each bucket."""
        self.embeddings = self.add_weight(
            shape=(self.vocabulary + self.buckets, self.width),
            initializer="uniform",
            name="embeddings",
        )

    def call(self, inputs, training=False):
        """The vectors `(batch, width)` of texts.

        Args:
            inputs: Integers `(batch, places)`.
            training: Whether to leave n-grams out.
        """
        ids = ops.cast(inputs, "int32")
        rows, weights = ids, self._word_weights(ids)
        if self.buckets and ids.shape[1] != 1:
            pairs, pair_weights = self._pairs(ids)
            rows = ops.concatenate([rows, pairs], axis=1)
            weights = ops.concatenate([weights, pair_weights], axis=1)
        if training and self.dropout:
            draws = keras.random.uniform(ops.shape(weights), seed=self.seed_generator)
            weights = weights * ops.cast(draws >= self.dropout, weights.dtype)
        total = ops.einsum("bl,bld->bd", weights, ops.take(self.embeddings, rows, axis=0))
        length = ops.sqrt(ops.sum(ops.square(weights), axis=1, keepdims=True) + _TINY)
        return total / length

    def compute_output_shape(self, input_shape):
        """`(batch, width)`."""
        return (input_shape[0], self.width)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("vocabulary", "width", "buckets", "dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _word_weights(self, ids):
        """`(batch, places)`; padding has the number 0, and with it the weight 0."""
        # In float32: half precision cannot tell the rarer words apart.
        logarithms = ops.log1p(ops.cast(ids, "float32")) / math.log1p(self.vocabulary)
        return ops.cast(logarithms, self.compute_dtype)

    def _pairs(self, ids):
        """Rows and weights `(batch, places - 1)` of neighbours of which none is padding."""
        first, second = ids[:, :-1], ids[:, 1:]
        rows = self.vocabulary + ops.mod(first * _FIRST + second * _SECOND, self.buckets)
        both = ops.logical_and(first > 0, second > 0)
        return rows, _PAIR_WEIGHT * ops.cast(both, self.compute_dtype)
