"""The pipeline: from a source to the batches that every trial trains on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np

from autokeras_nas.data.batches import Batches, new_column
from autokeras_nas.data.dataset_source import DatasetSource
from autokeras_nas.data.features import as_tensors, num_bytes
from autokeras_nas.data.labels import ClassWeights, plain_labels
from autokeras_nas.data.memory import fits_in_memory
from autokeras_nas.data.row_sources import RowSource
from autokeras_nas.data.source import Source

_SHUFFLE_BYTES = 2**28
_CHUNK = 256


class Pipeline:
    """Preprocessed, weighted, shuffled batches, made once and used by all trials.

    Where the preprocessed examples fit in memory, preprocessing runs once, and an epoch
    shuffles row numbers only. Else every epoch reads, shuffles and preprocesses a stream;
    of a dataset it then shuffles a bounded buffer.

    All batches have `batch_size` examples. In training, that is with `shuffle`, an epoch
    leaves out the few examples that do not fill a last batch, other ones each time, so that
    shapes stay the same and nothing is traced twice; it keeps them if they are all there is.
    In validation the last batch is short.

    Args:
        source: The examples.
        preprocess: Maps a batch, as `as_tensors` gives it, to the model's input; the result's
            shape must be the same for all examples. A Keras model, for instance. None: the
            features as float32.
        targets: Maps NumPy labels `(batch, ...)` to targets `(batch, ...)`.
            None: the labels themselves.
        batch_size: Examples in a batch.
        seed: Drives the shuffling.
        class_weight: Label to weight, or `"balanced"`; multiplied into the sample weights.
        shuffle: Whether to shuffle anew each epoch: True for training, False for validation.
        memory_limit: Bytes of preprocessed data to keep; None: see `fits_in_memory`.

    Raises:
        ValueError: If the batch size is below 1 or the class weights do not fit the labels.
    """

    def __init__(
        self,
        source: Source,
        preprocess: Callable | None,
        targets: Callable[[np.ndarray], np.ndarray] | None,
        batch_size: int,
        seed: int,
        class_weight: Mapping | str | None = None,
        shuffle: bool = True,
        memory_limit: int | None = None,
    ):
        if batch_size < 1:
            raise ValueError(
                f"`batch_size` must be at least 1. Received: {batch_size}. Pass for instance 32."
            )
        self.source = source
        self.preprocess = preprocess or (lambda x: x)
        self.targets = targets or (lambda labels: labels)
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.class_weights = (
            None if class_weight is None else ClassWeights(class_weight, source.labels)
        )
        self.num_examples = source.num_examples
        self._drops_remainder = shuffle and self.num_examples >= batch_size
        first = self._finished(*next(iter(source.batches(1))))
        self._row_specs = [(part.shape[1:], part.dtype) for part in first]
        row_bytes = sum(part.nbytes for part in first)
        self.in_memory = fits_in_memory(self.num_examples * row_bytes, memory_limit)
        self._memory: Batches | None = None

    @property
    def num_batches(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.num_examples, self.batch_size)
        return full if self._drops_remainder else full + bool(rest)

    def dataset(self):
        """A new `tf.data.Dataset` of `(x, y)` or `(x, y, weights)`, of examples prepared once.

        Its order follows from `seed` and TensorFlow's own seed of this moment, whatever other
        datasets of this pipeline have given before.
        """
        import tensorflow as tf

        if self.in_memory:
            if self._memory is None:
                self._memory = self._batches(self._columns(np.empty))
            return self._memory.dataset()
        if isinstance(self.source, RowSource):
            dataset = self._from_rows(self.source)
        elif isinstance(self.source, DatasetSource):
            dataset = self._from_stream(self.source)
        else:
            raise TypeError(
                "Only arrays and datasets can be read anew each epoch. "
                f"Received: a source of type {type(self.source).__name__}, too large for "
                "memory. Raise `memory_limit`."
            )
        return dataset.prefetch(tf.data.AUTOTUNE)

    # ---- Parts of a batch -------------------------------------------------------------------

    def _finished(self, x, labels, weights) -> tuple[np.ndarray, ...]:
        """What becomes of a NumPy batch: `(x, targets)` or `(x, targets, weights)`."""
        x = self.preprocess(as_tensors(x))
        return np.asarray(keras.ops.convert_to_numpy(x)), *self._supervision(labels, weights)

    def _supervision(self, labels, weights) -> tuple[np.ndarray, ...]:
        labels = plain_labels(labels)
        targets = np.asarray(self.targets(labels))
        if self.class_weights is not None:
            by_class = self.class_weights(labels)
            weights = by_class if weights is None else weights * by_class
        return (targets,) if weights is None else (targets, np.asarray(weights, "float32"))

    @property
    def _same_size(self) -> bool:
        return None not in self.source.feature_shape

    def _in_graph(self, finish: Callable, inputs, size: int | None):
        """Runs `finish` on a batch within a dataset, whatever backend it computes with."""
        import tensorflow as tf

        parts = tf.numpy_function(finish, inputs, [dtype for _, dtype in self._row_specs])
        for part, (shape, _) in zip(parts, self._row_specs, strict=True):
            part.set_shape((size, *shape))
        return tuple(parts)

    @property
    def _static_size(self) -> int | None:
        return self.batch_size if self._drops_remainder else None

    # ---- Ways to a dataset ------------------------------------------------------------------

    def _order(self):
        """Batches of row numbers, shuffled anew each epoch."""
        import tensorflow as tf

        rows = tf.data.Dataset.range(self.num_examples)
        if self.shuffle:
            rows = rows.shuffle(self.num_examples, seed=self.seed)
        return rows.batch(self.batch_size, drop_remainder=self._drops_remainder)

    def save(self, folder: Path) -> None:
        """Writes the preprocessed examples into a folder, for `Batches.load`.

        What does not fit in memory is written batch by batch.
        """
        folder.mkdir(parents=True, exist_ok=True)
        numbers = itertools.count()

        def mapped(shape, dtype):
            return new_column(folder, next(numbers), shape, dtype)

        self._batches(self._columns(np.empty if self.in_memory else mapped)).save(folder)

    def _batches(self, columns: list[np.ndarray]) -> Batches:
        return Batches(tuple(columns), self.batch_size, self.seed, self.shuffle, self.in_memory)

    def _columns(self, allocate: Callable[..., np.ndarray]) -> list[np.ndarray]:
        """All examples, preprocessed: one array `(n, ...)` for each part of a batch."""
        columns = [allocate((self.num_examples, *s), dtype) for s, dtype in self._row_specs]
        filled = 0
        # Examples of different sizes cannot share a batch before preprocessing.
        for batch in self.source.batches(_CHUNK if self._same_size else 1):
            for column, part in zip(columns, self._finished(*batch), strict=True):
                room = column[filled : filled + len(part)]
                room[:] = part[: len(room)]
            filled = min(filled + len(part), self.num_examples)
        # A dataset may yield fewer than were counted, if something upstream is random.
        self.num_examples = filled
        self._drops_remainder = self.shuffle and filled >= self.batch_size
        return [column[:filled] for column in columns]

    def _from_rows(self, source: RowSource):
        import tensorflow as tf

        def finish(rows):
            return self._finished(*source.gather(rows))

        def gather(rows):
            return self._in_graph(finish, [rows], self._static_size)

        return self._order().map(gather, num_parallel_calls=tf.data.AUTOTUNE)

    def _from_stream(self, source: DatasetSource):
        import tensorflow as tf

        stream = source.elements()
        if self.shuffle:
            stream = stream.shuffle(self._buffer_size(), seed=self.seed)

        def finish(x, labels, *weights):
            return self._finished(x, labels, weights[0] if weights else None)

        def finished(dataset, size, static):
            batches = dataset.batch(size, drop_remainder=static is not None)
            return batches.map(
                lambda *batch: self._in_graph(finish, batch, static),
                num_parallel_calls=tf.data.AUTOTUNE,
            )

        if self._same_size:
            batches = finished(stream, self.batch_size, self._static_size)
        else:
            single = finished(stream, 1, 1).unbatch()
            batches = single.batch(self.batch_size, drop_remainder=self._drops_remainder)
        # So that schedules know its length, which a stream does not tell.
        return batches.repeat().take(self.num_batches)

    def _buffer_size(self) -> int:
        """Examples in the shuffle buffer: at most some 256 MB, and at least two batches."""
        row_bytes = max(1, num_bytes(next(iter(self.source.batches(1)))[0]))
        return min(self.num_examples, max(2 * self.batch_size, _SHUFFLE_BYTES // row_bytes))
