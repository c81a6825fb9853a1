"""Sources: what a caller passes as data, checked, and readable in one way."""

from __future__ import annotations

import abc
import dataclasses
import difflib
import functools
import sys
from collections.abc import Iterator

import numpy as np

from autokeras_nas.data.checks import (
    as_array,
    as_weights,
    check_finite,
    check_same_length,
    check_weights,
    no_numbers,
    object_error,
)
from autokeras_nas.data.features import Features, as_features, num_rows, take
from autokeras_nas.data.files import is_file, load_file
from autokeras_nas.data.labels import plain_labels
from autokeras_nas.data.streams import is_batched, is_stream, stream_dataset
from autokeras_nas.errors import unknown_name

_SCAN_BATCH = 1024
_MOST_UNKNOWN = 10**7
"""Examples that are counted, where their number is not known, before it is doubted that they end."""
_LARGEST_BUCKET = 2**63 - 1

Batch = tuple[Features, np.ndarray, "np.ndarray | None"]


def as_source(
    x,
    y=None,
    sample_weight=None,
    *,
    batched: bool | None = None,
    image_shape: tuple[int | None, ...] | None = None,
) -> Source:
    """The source of whatever came as data.

    Args:
        x: Examples, as `as_features` takes them; a file or folder, as `load_file` takes it; a
            `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`, batched or not; what
            yields the same in Python, as `stream_dataset` takes it; the name of a TFDS data
            set, such as `"mnist"` or `"tfds:mnist"`; or a `Source`, returned as it is.
        y: Labels `(n, ...)` of arrays; of a table in a file, the name of the target column.
        sample_weight: Weights `(n,)` of arrays and files.
        batched: Whether a dataset's elements are batches; None: see `is_batched`.
        image_shape: Of an image as a model takes it, for a folder; None: as they come.

    Raises:
        ValueError: If the data cannot be used; the message says why.
    """
    if is_file(x):
        return _file_source(x, y, sample_weight, image_shape)
    if not isinstance(x, (Source, str)) and not is_dataset(x) and not is_stream(x):
        return ArraySource(x, y, sample_weight)
    if y is not None or sample_weight is not None:
        raise ValueError(
            "`y` and `sample_weight` come inside a dataset. Received: both a dataset and "
            f"{'`y`' if y is not None else '`sample_weight`'}. "
            "Let the dataset yield (x, y) or (x, y, sample_weight)."
        )
    if isinstance(x, Source):
        return x
    if isinstance(x, str):
        return DatasetSource(load_tfds(x), batched=batched)
    if is_dataset(x):
        return DatasetSource(x, batched=batched)
    dataset, found = stream_dataset(x)
    return DatasetSource(dataset, batched=found if batched is None else batched)


def _file_source(path, target, sample_weight, image_shape) -> ArraySource:
    if target is not None and not isinstance(target, str):
        raise ValueError(
            "Labels of a file come inside it: `y` names the target column of a table. "
            f"Received: {str(path)!r} and a {type(target).__name__} as `y`. "
            "Pass the column's name, or nothing for images and archives."
        )
    x, y = load_file(path, target, image_shape)
    if y is None:
        raise ValueError(
            f"Labels are missing. Received: {str(path)!r} and y={target!r}. "
            "Name the target column of a table as `y`; put images into one subfolder for each "
            "class; save the labels of a NumPy archive as `y`."
        )
    return ArraySource(x, y, sample_weight)


def is_dataset(x) -> bool:
    """Whether something is a `tf.data.Dataset`, without importing TensorFlow for it."""
    tensorflow = sys.modules.get("tensorflow")  # Without the import there is no dataset.
    return tensorflow is not None and isinstance(x, tensorflow.data.Dataset)


class Source(abc.ABC):
    """Labelled examples in a known number, perhaps weighted."""

    @property
    @abc.abstractmethod
    def num_examples(self) -> int:
        """The number of examples."""

    @property
    @abc.abstractmethod
    def labels(self) -> np.ndarray | None:
        """All labels `(n, ...)`; None: too large to keep."""

    @property
    @abc.abstractmethod
    def feature_shape(self) -> tuple[int | None, ...]:
        """The shape of one example's features, `(columns,)` of a table; None: a free size."""

    @property
    @abc.abstractmethod
    def has_weights(self) -> bool:
        """Whether examples carry sample weights."""

    @abc.abstractmethod
    def batches(self, size: int) -> Iterator[Batch]:
        """Yields `(x, y, weights or None)` of at most `size` examples, each example once."""


class ArraySource(Source):
    """Arrays or tables, or a view of some of their rows; rows are copied when they are read.

    Args:
        x: Examples, as `as_features` takes them.
        y: Labels `(n, ...)`.
        sample_weight: Weights `(n,)`, finite and at least 0.

    Raises:
        ValueError: If the data are empty, of unequal lengths, not finite or of no known kind.
    """

    def __init__(self, x, y, sample_weight=None):
        self.x = as_features(x)
        if y is None:
            raise ValueError(
                f"`y` is missing. Received: {num_rows(self.x)} examples and y=None. "
                "Pass the labels, one for each example, as `y`."
            )
        self.y = plain_labels(as_array("y", y, objects=True))
        self.sample_weight = None
        if sample_weight is not None:
            self.sample_weight = as_weights(sample_weight)
        self.indices = np.arange(num_rows(self.x))
        self.validate()

    def validate(self) -> None:
        """Raises a ValueError if the arrays cannot be used."""
        count = num_rows(self.x)
        if count == 0:
            raise ValueError(
                "The data are empty. Received: x without a row. Pass at least one example."
            )
        check_same_length("y", self.y, count)
        if self.y.dtype == object:
            raise object_error("y", self.y)
        check_finite("y", self.y)
        if self.sample_weight is not None:
            check_weights(self.sample_weight, count)

    def view(self, positions: np.ndarray) -> ArraySource:
        """The rows at `positions` of this source, integers `(m,)`, sharing its arrays."""
        view = object.__new__(ArraySource)
        view.x, view.y, view.sample_weight = self.x, self.y, self.sample_weight
        view.indices = self.indices[positions]
        return view

    def with_features(self, features: Features) -> ArraySource:
        """The same examples with other features, `(n, ...)` for all rows of the array."""
        view = self.view(np.arange(self.num_examples))
        view.x = features
        return view

    def gather(self, positions) -> Batch:
        """Copies of the rows at `positions` of this source: `(x, y, weights or None)`."""
        rows = self.indices[positions]
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return take(self.x, rows), self.y[rows], weights

    @property
    def num_examples(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        return self.y[self.indices]

    @property
    def feature_shape(self) -> tuple[int, ...]:
        return (len(self.x),) if isinstance(self.x, dict) else self.x.shape[1:]

    @property
    def has_weights(self) -> bool:
        return self.sample_weight is not None

    def batches(self, size: int) -> Iterator[Batch]:
        for start in range(0, self.num_examples, size):
            yield self.gather(slice(start, start + size))


@dataclasses.dataclass(frozen=True)
class Scan:
    """What one pass over a dataset remembers: no features.

    Attributes:
        hashes: Int64 `(n,)`, the hash of each example's features, in the order of the pass.
        labels: Labels `(n, ...)`; None: those of more than one dimension are not kept.
    """

    hashes: np.ndarray
    labels: np.ndarray | None

    def where(self, mask: np.ndarray) -> Scan:
        """The part of the scan where `mask`, booleans `(n,)`, is true."""
        return Scan(self.hashes[mask], None if self.labels is None else self.labels[mask])


def feature_hash(x):
    """A 64-bit hash, int64 `()`, of one example's feature tensor: dtype, shape and values."""
    import tensorflow as tf

    return tf.strings.to_hash_bucket_fast(tf.io.serialize_tensor(x), _LARGEST_BUCKET)


class DatasetSource(Source):
    """A `tf.data.Dataset`, read as a stream and never held as one array.

    How many examples there are, and their labels, is learned in one pass, when first asked.

    Args:
        dataset: Yields `(x, y)` or `(x, y, sample_weight)`, of one example or a batch.
        batched: Whether elements are batches; None: see `is_batched`.
        scan: What is already known of the dataset; None: nothing.
        keep: Whatever must live as long as the dataset, such as a lookup table.

    Raises:
        ValueError: If elements are no such tuples of dense tensors, if the dataset is empty
            or endless; on the scan, if features or labels are not finite.
    """

    def __init__(self, dataset, batched: bool | None = None, scan: Scan | None = None, keep=None):
        self._dataset = dataset
        self._keep = keep
        self.validate()
        self.batched = is_batched(dataset.element_spec) if batched is None else batched
        if scan is not None:
            self.scan = scan  # Fills the cache of the property.
        elif not any(True for _ in dataset.take(1)):
            raise ValueError(
                "The data are empty. Received: a dataset that yields nothing. "
                "Check its files and filters."
            )

    def validate(self) -> None:
        """Raises a ValueError if elements are not `(x, y[, sample_weight])`, or endless."""
        import tensorflow as tf

        spec = self._dataset.element_spec
        if not isinstance(spec, tuple) or len(spec) not in (2, 3):
            raise ValueError(
                "A dataset must yield (x, y) or (x, y, sample_weight). "
                f"Received elements: {spec}. Use `dataset.map` to bring them to this form; "
                "labels are needed."
            )
        if not all(isinstance(part, tf.TensorSpec) for part in spec):
            raise ValueError(
                "x, y and sample_weight must each be one dense tensor. "
                f"Received elements: {spec}. Map structures to one tensor; `to_tensor` makes "
                "ragged and sparse ones dense."
            )
        if any(part.shape.rank is None for part in spec):
            raise ValueError(
                "The number of dimensions must be known. "
                f"Received elements: {spec}. Call `tf.ensure_shape` in a `dataset.map`, or "
                "give the generator an `output_signature`."
            )
        dtype = spec[0].dtype
        if not (dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype == tf.string):
            raise no_numbers(dtype.name)
        if self._dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                "A dataset must end. Received: one that repeats for ever. "
                "Leave out `repeat()`, or call `take(n)` after it."
            )

    def elements(self):
        """The dataset of single examples."""
        return self._dataset.unbatch() if self.batched else self._dataset

    @functools.cached_property
    def scan(self) -> Scan:
        """Hashes and labels of all examples, read in one pass."""
        import tensorflow as tf

        keeps_labels = self._dataset.element_spec[1].shape.rank - self.batched <= 1

        def row(x, y, *_):
            finite = tf.constant(True)
            for part in (x, y):
                if part.dtype.is_floating:
                    finite &= tf.reduce_all(tf.math.is_finite(part))
            return feature_hash(x), y if keeps_labels else tf.constant(0), finite

        rows = self.elements().map(row, num_parallel_calls=tf.data.AUTOTUNE).batch(_SCAN_BATCH)
        hashes, labels, seen = [], [], 0
        for hash_batch, label_batch, finite in rows.as_numpy_iterator():
            if not finite.all():
                raise ValueError(
                    "The dataset has features or labels that are NaN or infinite. Received: the "
                    f"first in example {seen + int((~finite).argmax())}. Filter such examples out."
                )
            hashes.append(hash_batch)
            labels.append(label_batch)
            seen += len(hash_batch)
            self._check_end(seen)
        return Scan(
            np.concatenate(hashes),
            plain_labels(np.concatenate(labels)) if keeps_labels else None,
        )

    def _check_end(self, seen: int) -> None:
        """Raises a ValueError where so many examples were seen that they may have no end."""
        if seen > _MOST_UNKNOWN and self._dataset.cardinality() < 0:
            raise ValueError(
                "The data must end, and seem not to. Received: a dataset or function that does "
                f"not tell its length and had yielded {seen:,} examples when they were no longer "
                "counted. Let it end after one pass; if it is so long, pass a dataset that tells: "
                "`dataset.apply(tf.data.experimental.assert_cardinality(n))`."
            )

    @property
    def num_examples(self) -> int:
        return len(self.scan.hashes)

    @property
    def labels(self) -> np.ndarray | None:
        return self.scan.labels

    @property
    def feature_shape(self) -> tuple[int | None, ...]:
        return tuple(self._dataset.element_spec[0].shape)[int(self.batched) :]

    @property
    def has_weights(self) -> bool:
        return len(self._dataset.element_spec) == 3

    def batches(self, size: int) -> Iterator[Batch]:
        for x, y, *weights in self.elements().batch(size).as_numpy_iterator():
            yield x, plain_labels(y), weights[0].astype("float32") if weights else None


def load_tfds(name: str):
    """The training split of a TFDS data set, downloaded if need be.

    Args:
        name: A name as `tfds.load` takes it, with an optional prefix `"tfds:"`.

    Returns:
        A `tf.data.Dataset` of `(x, y)`, one example each.

    Raises:
        ValueError: If the name is unknown, or the data set has no `(x, y)` form.
    """
    import tensorflow_datasets as tfds

    name = name.removeprefix("tfds:")
    known = tfds.list_builders(with_community_datasets=False)
    base = name.split("/")[0].split(":")[0]
    if base not in known:
        # All of some hundred names would bury the one that helps.
        near = difflib.get_close_matches(base, known, n=8, cutoff=0.3)
        raise unknown_name("TFDS data set", name, near or known)
    try:
        return tfds.load(name, as_supervised=True, split="train")
    except ValueError as error:
        raise ValueError(
            f"This TFDS data set cannot be read as (x, y) pairs of a split 'train'. Received: "
            f"{name!r} ({error}). Load it with `tfds.load`, map it to (x, y) and pass the dataset."
        ) from error
