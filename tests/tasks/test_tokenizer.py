"""The tokenizer: words, places, and what comes of odd texts."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.tasks.tokenizer import Tokenizer, plain_text


def learned(texts, size=2):
    array = np.asarray(texts)
    return Tokenizer.learned(lambda: (array[k : k + size] for k in range(0, len(array), size)))


def numbers(tokenizer, texts):
    return np.asarray(tokenizer.preprocessor()(tf.constant(texts)))


def test_words_are_numbered_by_their_frequency():
    tokenizer = learned(["a b a", "c a b", "a"])
    assert tokenizer.words == ("a", "b", "c")
    assert tokenizer.vocabulary == 5
    out = numbers(tokenizer, ["B A", "d"])
    assert out.dtype == "int32"
    np.testing.assert_array_equal(out, [[3, 2, 0], [1, 0, 0]])


def test_signs_are_words_and_digits_only_have_a_shape():
    texts = plain_text(tf.constant(["Don't pay £12.50!", "ÜBER 07"]))
    words = [text.decode().split() for text in texts.numpy()]
    assert words == [
        ["don", "'", "t", "pay", "£", "00", ".", "00", "!"],
        ["über", "00"],
    ]


def test_longer_texts_are_cut():
    np.testing.assert_array_equal(numbers(learned(["a b", "a"]), ["a a b a"]), [[2, 2]])


def test_places_suffice_for_all_but_the_longest():
    assert learned(["a b c"] * 199 + ["a " * 50]).places == 3


def test_places_are_limited():
    assert learned(["a " * 1000]).places == 256


def test_the_vocabulary_grows_with_the_data():
    names = itertools.islice(itertools.product("abcdefghij", repeat=4), 8000)
    texts = [f"{word} {word}" for word in map("".join, names)]
    assert len(learned(texts, 1000).words) == 2000
    assert len(learned(texts[:1500], 1000).words) == 1000
    assert len(learned(texts[:900], 1000).words) == 900


def test_texts_without_spaces_fall_apart_into_characters():
    tokenizer = learned(
        ["我喜欢这部电影因为它的故事非常感人", "我不喜欢这部电影因为它的故事非常无聊"]
    )
    assert tokenizer.split == "character"
    assert "我" in tokenizer.words
    assert (numbers(tokenizer, ["我喜欢"])[0, :3] > 1).all()


def test_bytes_that_are_no_text_are_survived():
    tokenizer = Tokenizer.learned(lambda: [np.array([b"caf\xe9 good", b"good"], object)])
    assert "good" in tokenizer.words
    assert 2 in numbers(tokenizer, [b"caf\xe9 good"])


def test_texts_without_a_word_are_refused():
    with pytest.raises(ValueError, match="no words"):
        learned(["", "  "])


def test_config_survives_json():
    tokenizer = learned(["a b", "c"])
    config = json.loads(json.dumps(tokenizer.get_config()))
    assert Tokenizer.from_config(config) == tokenizer
