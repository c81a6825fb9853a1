"""The source of a `tf.data.Dataset`, which is read as a stream."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from autokeras_nas.data.checks import no_numbers
from autokeras_nas.data.labels import plain_labels
from autokeras_nas.data.source import Batch, Source
from autokeras_nas.data.streams import elements_of, is_batched

_SCAN_BATCH = 1024
_LARGEST_BUCKET = 2**63 - 1
_MOST_UNKNOWN = 10**7
"""Examples of unknown number that are counted before it is doubted that they end."""


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
        elif not any(True for _ in elements_of(dataset.take(1))):
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
        for hash_batch, label_batch, finite in elements_of(rows):
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
        for x, y, *weights in elements_of(self.elements().batch(size)):
            yield x, plain_labels(y), weights[0].astype("float32") if weights else None
