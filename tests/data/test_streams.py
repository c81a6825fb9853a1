from __future__ import annotations

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from autokeras_nas.data import as_source, split
from autokeras_nas.data.streams import is_stream

X = np.arange(40, dtype="float32").reshape(10, 2, 2)
Y = np.arange(10) % 2


class Batches(keras.utils.PyDataset):
    def __init__(self, size=4, num_batches=3):
        super().__init__()
        self.size, self.count = size, num_batches

    @property
    def num_batches(self):
        return self.count

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return X[rows], Y[rows]


class Loader:
    """Gives a new iterator each time, as PyTorch's does."""

    def __iter__(self):
        return batches()


def batches(size=4):
    for start in range(0, len(X), size):
        yield X[start : start + size], Y[start : start + size]


def singles():
    yield from zip(X, Y, strict=True)


def weighted():
    for x, y in batches():
        yield x, y, np.ones(len(y))


@pytest.mark.parametrize(
    "x", [Batches(), batches, singles, weighted, Loader(), lambda: list(batches())]
)
def test_streams_are_read_as_often_as_need_be(x):
    source = as_source(x)
    assert source.num_examples == 10 and source.feature_shape == (2, 2)
    assert source.has_weights == (x is weighted)
    np.testing.assert_array_equal(source.labels, Y)
    for _ in range(2):
        read = [batch[0] for batch in source.batches(3)]
        np.testing.assert_array_equal(np.concatenate(read), X)


def test_streams_are_split():
    train, validation = split(as_source(Batches()), 0.2, seed=0)
    assert (train.num_examples, validation.num_examples) == (8, 2)


def test_texts_are_streamed():
    source = as_source(lambda: iter([(["a b", "c d"], [0, 1]), (["é f"], [1])]))
    texts = np.concatenate([batch[0] for batch in source.batches(2)])
    assert [text.decode() for text in texts] == ["a b", "c d", "é f"]


def test_single_arrays_of_equal_length_can_be_said_to_be_single():
    pairs = [(np.ones(2) * k, np.eye(2)[k % 2]) for k in range(6)]
    assert as_source(lambda: iter(pairs), batched=False).num_examples == 6


@pytest.mark.parametrize("x", [batches(), iter([]), map(abs, [])])
def test_what_can_be_walked_once_only_is_refused(x):
    with pytest.raises(ValueError, match="only once.*without calling it"):
        as_source(x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (Batches(num_batches=None), "must end"),
        (Batches(num_batches=0), "empty"),
        (lambda: iter([]), "empty"),
        (lambda size: batches(size), "no arguments"),
        (lambda: 3, "returned a int"),
        (lambda: iter([X]), "type ndarray"),
        (lambda: iter([({"a": X}, Y)]), "Python objects"),
        (lambda: iter([(X, None)]), "must yield labels"),
    ],
)
def test_streams_of_something_else_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        as_source(x)


def endless():
    while True:
        yield from batches()


def test_what_never_ends_is_refused_and_not_counted_for_ever(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr("autokeras_nas.data.dataset_source._MOST_UNKNOWN", 2000)
    spec = (tf.TensorSpec([None, 2, 2]), tf.TensorSpec([None], "int64"))
    dataset = tf.data.Dataset.from_generator(endless, output_signature=spec)
    for x in (endless, dataset):
        with pytest.raises(ValueError, match="must end.*assert_cardinality"):
            as_source(x).scan  # noqa: B018


def test_what_tells_its_length_is_counted_however_long(monkeypatch):
    monkeypatch.setattr("autokeras_nas.data.dataset_source._MOST_UNKNOWN", 5)
    assert as_source(Batches()).num_examples == 10
    with pytest.raises(ValueError, match="must end"):
        as_source(batches).num_examples  # noqa: B018


@pytest.mark.parametrize(
    "x", [X, X.tolist(), (1, 2), {"a": [1]}, pd.DataFrame({"a": [1]}), "mnist", np.float32, 3]
)
def test_arrays_and_names_are_no_streams(x):
    assert not is_stream(x)


class Broken(Batches):
    def __getitem__(self, index):
        if index == 2:
            raise OSError("cannot read the third batch")
        return super().__getitem__(index)


def broken():
    yield from itertools.islice(batches(), 2)
    raise OSError("cannot read the third batch")


@pytest.mark.parametrize("stream", [broken, Broken()])
def test_a_source_that_breaks_is_told_by_its_own_words(stream):
    message = r"cannot be read to their end. Received: OSError: cannot read the third batch\."
    with pytest.raises(ValueError, match=message):
        _ = as_source(stream).num_examples


def test_a_table_whose_source_breaks_is_told_too():
    def rows():
        yield {"a": 1.0}, 1
        raise OSError("cannot read the second row")

    signature = ({"a": tf.TensorSpec(())}, tf.TensorSpec((), tf.int64))
    dataset = tf.data.Dataset.from_generator(rows, output_signature=signature)
    with pytest.raises(ValueError, match="Received: OSError: cannot read the second row"):
        as_source(dataset)
