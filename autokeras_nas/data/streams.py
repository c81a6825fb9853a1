"""Streams: what yields `(x, y)` in Python, as a `tf.data.Dataset` that can be walked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autokeras_nas.errors import summary


def is_dataset(x) -> bool:
    """Whether something is a `tf.data.Dataset`, without importing TensorFlow for it."""
    tensorflow = sys.modules.get("tensorflow")  # Without the import there is no dataset.
    return tensorflow is not None and isinstance(x, tensorflow.data.Dataset)


def is_stream(x) -> bool:
    """Whether something yields examples when it is walked, without being an array of them.

    So do a `keras.utils.PyDataset`, functions, and objects that can be iterated over; but not
    lists and tuples, mappings, and whatever has a shape, as arrays do.
    """
    if _is_py_dataset(x) or isinstance(x, Iterator):
        return True
    if isinstance(x, (str, bytes, Sequence, Mapping, type)) or hasattr(x, "shape"):
        return False
    return callable(x) or isinstance(x, Iterable)


def stream_dataset(x) -> tuple[Any, bool]:
    """The dataset of what a stream yields, of a form that its first element tells.

    Args:
        x: A `keras.utils.PyDataset`; an object that gives a new iterator each time, such as
            PyTorch's `DataLoader`; or a function without arguments that returns an iterator.
            They yield `(x, y)` or `(x, y, sample_weight)`, the same examples each time, and end.

    Returns:
        A `tf.data.Dataset` of its elements, and whether these are batches.

    Raises:
        ValueError: If it can be walked once only, is endless or empty, or yields something else.
    """
    import tensorflow as tf

    walk = _walk_of(x)
    first = next(iter(walk()), None)
    if first is None:
        raise ValueError(
            f"The data are empty. Received: {_kind(x)} that yields nothing. Check its source."
        )
    parts = _parts(first)
    specs = tuple(tf.TensorSpec(part.shape, tf.as_dtype(part.dtype)) for part in parts)
    batched = _is_py_dataset(x) or is_batched(specs)
    if batched:  # The last batch may be short.
        specs = tuple(tf.TensorSpec([None, *spec.shape[1:]], spec.dtype) for spec in specs)
    dataset = tf.data.Dataset.from_generator(lambda: map(_parts, walk()), output_signature=specs)
    if _is_py_dataset(x):
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(x.num_batches))
    return dataset, batched


def elements_of(dataset) -> Iterator[Any]:
    """The elements of a `tf.data.Dataset` as NumPy arrays.

    Raises:
        ValueError: If its source breaks; it tells why.
    """
    import tensorflow as tf

    try:
        yield from dataset.as_numpy_iterator()
    except tf.errors.OpError as error:
        raise ValueError(
            f"The data cannot be read to their end. Received: {summary(error)}. "
            "Repair their source, or leave out what cannot be read."
        ) from error


def is_batched(spec) -> bool:
    """Whether a dataset's elements are batches, judged by their static shapes.

    The rule, of which the first line that applies decides:

    1. Sample weights: one example's weight is a scalar, a batch's weights `(batch,)`.
    2. Scalar labels belong to single examples.
    3. Features of 3 dimensions whose first two the labels share are one image
        `(height, width, channels)` with its mask `(height, width, ...)`.
    4. Elements are batches if the first dimension of x and y is alike: unknown in both, or
        the same number. An image `(28, 28)` with a one-hot label `(10,)` is thus single.

    A single example `(10, ...)` with a label `(10,)` is taken for a batch, and a batch of
    series `(batch, steps, features)` with labels `(batch, steps)` for a single example:
    say which it is by `batched`.

    Args:
        spec: The element spec: tensor specs of x, y and perhaps sample weights.
    """
    x, y, *weights = (part.shape for part in spec)
    if weights:
        return weights[0].rank > 0
    if 0 in (x.rank, y.rank):
        return False
    if x.rank == 3 and y.rank >= 2 and x.as_list()[:2] == y.as_list()[:2]:
        return False
    return x.as_list()[0] == y.as_list()[0]


def _is_py_dataset(x) -> bool:
    keras = sys.modules.get("keras")  # Without the import there is no such object.
    return keras is not None and isinstance(x, keras.utils.PyDataset)


def _kind(x) -> str:
    return "a function" if callable(x) else f"a {type(x).__name__}"


def _walk_of(x) -> Callable[[], Iterable]:
    """A function that begins a new walk."""
    if _is_py_dataset(x):
        return _batches_of(x)
    if isinstance(x, Iterator):
        raise ValueError(
            "A generator or iterator can be walked only once, and a search reads its data many "
            f"times. Received: a {type(x).__name__}. "
            "Pass the function that returns it, without calling it."
        )
    if not callable(x):
        return lambda: iter(x)
    return _calls_of(x)


def _batches_of(dataset) -> Callable[[], Iterable]:
    if dataset.num_batches is None:
        raise ValueError(
            "A PyDataset must end. Received: one whose `num_batches` is None. "
            "Return the number of batches in an epoch."
        )
    return lambda: (dataset[index] for index in range(dataset.num_batches))


def _calls_of(function: Callable) -> Callable[[], Iterable]:
    try:
        walk = function()
    except TypeError as error:
        raise ValueError(
            "A function that stands for data must take no arguments. "
            f"Received: {function!r} ({error}). Wrap it in `lambda: ...` with its arguments."
        ) from error
    if not isinstance(walk, Iterable):
        raise ValueError(
            "A function that stands for data must return an iterator of (x, y). "
            f"Received: a function that returned a {type(walk).__name__}. "
            "Let it yield its batches."
        )
    return function


def _parts(element) -> tuple[np.ndarray, ...]:
    """An element as arrays, texts as objects, as TensorFlow takes them."""
    if not isinstance(element, (tuple, list)) or len(element) not in (2, 3):
        raise ValueError(
            "A stream must yield (x, y) or (x, y, sample_weight). "
            f"Received: an element of type {type(element).__name__}. Yield tuples of arrays."
        )
    if element[1] is None:
        raise ValueError(
            "A stream must yield labels. Received: an element whose y is None. Yield (x, y)."
        )
    return tuple(_part(part) for part in element if part is not None)


def _part(part) -> np.ndarray:
    array = np.asarray(part)
    if array.dtype.kind == "U" or (
        array.dtype == object and all(isinstance(value, (str, bytes)) for value in array.flat)
    ):
        return array.astype(object)
    if array.dtype == object:
        raise ValueError(
            "A stream must yield arrays of numbers or texts. "
            f"Received: a {type(part).__name__} of Python objects. "
            "Make one array of a batch, with `np.stack` or by padding."
        )
    return array
