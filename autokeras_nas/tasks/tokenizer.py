"""Tokenizer: from raw texts to the numbers of their words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

SPECIAL = 2
"""Numbers that are no words: 0 is padding, 1 a word that training did not have."""
_LONGEST = 256
_COVERED = 0.99
"""Share of the texts whose words all have a place, but for the longest."""
_MOST_WORDS, _FEWEST_WORDS = 30_000, 1_000
_TOKENS_PER_WORD = 8
_LONGEST_WORD = 16

Batches = Callable[[], Iterable[np.ndarray]]
"""Begins anew, at each call, to give all texts, as arrays `(batch,)` of str or bytes."""


@keras.saving.register_keras_serializable(package="autokeras_nas")
def plain_text(texts):
    """Texts in lower case, each sign a word of its own, each digit a zero.

    Signs tell much of a text's tone, and a number's shape more than its value: a telephone
    number hardly comes twice.

    Args:
        texts: TensorFlow strings, of any shape.
    """
    import tensorflow as tf

    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = tf.strings.regex_replace(texts, r"([\p{P}\p{S}])", r" \1 ")
    return tf.strings.regex_replace(texts, r"\d", "0")


@dataclass(frozen=True)
class Tokenizer:
    """What was learned of texts, and the preprocessor that follows from it.

    Texts are made plain by `plain_text` and fall apart at spaces; where that leaves "words" too
    long to be any, as in Chinese, they fall apart into characters. Words are numbered by their
    frequency, the most frequent first.

    Attributes:
        words: The vocabulary, without the `SPECIAL` numbers before it.
        places: Words of a text at most; a longer text is cut, a shorter one padded.
        split: `"whitespace"` or `"character"`.
    """

    words: tuple[str, ...]
    places: int
    split: str

    @classmethod
    def learned(cls, batches: Batches) -> Tokenizer:
        """The tokenizer of training texts, in two passes over them.

        The vocabulary is limited to one word for eight of the running text, but not below
        1,000 and at most to 30,000; the places suffice for 99 of 100 texts, and are at most 256.

        Raises:
            ValueError: If there is not one word.
        """
        split = _split_for(next(_decoded(batches())))
        layer = keras.layers.TextVectorization(
            max_tokens=_MOST_WORDS,
            standardize=plain_text,
            split=split,
            output_sequence_length=_LONGEST,
        )
        layer.adapt(_tensors(batches()))
        words = layer.get_vocabulary(include_special_tokens=False)
        if not words:
            raise ValueError(
                "The texts have no words. Received: nothing but spaces. "
                "Check that `x` holds the texts."
            )
        lengths = np.concatenate([_lengths(layer(texts)) for texts in _tensors(batches())])
        limit = max(_FEWEST_WORDS, int(lengths.sum()) // _TOKENS_PER_WORD)
        places = int(np.quantile(lengths, _COVERED, method="higher"))
        return cls(tuple(words[:limit]), max(1, places), split)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Tokenizer:
        """The tokenizer that `get_config` described."""
        return cls(tuple(config["words"]), config["places"], config["split"])

    def get_config(self) -> dict[str, Any]:
        """What was learned, as JSON can hold it."""
        return {"words": list(self.words), "places": self.places, "split": self.split}

    @property
    def vocabulary(self) -> int:
        """Numbers that may come out: those of words, and the special ones."""
        return len(self.words) + SPECIAL

    def preprocessor(self) -> keras.Model:
        """Model of texts `(batch,)` to int32 `(batch, places)`."""
        inputs = keras.Input((), dtype="string", name="text")
        layer = keras.layers.TextVectorization(
            vocabulary=list(self.words),
            standardize=plain_text,
            split=self.split,
            output_sequence_length=self.places,
            name="tokens",
        )
        return keras.Model(inputs, keras.ops.cast(layer(inputs), "int32"), name="preprocessor")


def _split_for(texts: np.ndarray) -> str:
    """Characters, where what lies between spaces is on average too long for words."""
    words = [word for text in texts for word in text.split()]
    mean = np.mean([len(word) for word in words]) if words else 0.0
    return "character" if mean > _LONGEST_WORD else "whitespace"


def _decoded(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Texts as str; bytes that are no UTF-8 become a sign of their own."""
    for texts in batches:
        if texts.dtype.kind == "U":
            yield texts
        else:
            plain = [t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in texts]
            yield np.array(plain, object)


def _tensors(batches: Iterable[np.ndarray]) -> Iterator[Any]:
    import tensorflow as tf

    return (tf.constant(texts) for texts in _decoded(batches))


def _lengths(tokens) -> np.ndarray:
    return np.count_nonzero(keras.ops.convert_to_numpy(tokens), axis=1)
