"""Sources read by row: arrays and tables in memory, and images on the disk."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Self

import numpy as np

from autokeras_nas.data.checks import (
    as_array,
    as_weights,
    check_finite,
    check_same_length,
    check_weights,
    object_error,
)
from autokeras_nas.data.features import Features, as_features, num_rows, take
from autokeras_nas.data.image_files import ImageFiles
from autokeras_nas.data.labels import plain_labels
from autokeras_nas.data.source import Batch, Source


class RowSource(Source):
    """Examples by row, or a view of some of them; rows are copied when they are read.

    Args:
        x: Examples, checked, of which `take` takes rows.
        y: Labels `(n, ...)`.
        sample_weight: Weights `(n,)`, finite and at least 0.

    Raises:
        ValueError: If the data are empty, of unequal lengths or of no known kind, or if labels
            or weights are not finite.
    """

    def __init__(self, x: Features | ImageFiles, y, sample_weight=None):
        self.x = x
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

    def view(self, positions: np.ndarray) -> Self:
        """The rows at `positions` of this source, integers `(m,)`, sharing its arrays."""
        view = copy.copy(self)
        view.indices = self.indices[positions]
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

    def some(self, count: int, seed: int) -> Batch:
        """At most `count` examples, drawn without replacement."""
        rng = np.random.default_rng(seed)
        count = min(count, self.num_examples)
        return self.gather(np.sort(rng.choice(self.num_examples, count, replace=False)))


class ArraySource(RowSource):
    """Arrays or tables in memory.

    Args:
        x: Examples, as `as_features` takes them.
        y: Labels `(n, ...)`.
        sample_weight: Weights `(n,)`.

    Raises:
        ValueError: If the data cannot be used, as `RowSource` and `as_features` say.
    """

    x: Features

    def __init__(self, x, y, sample_weight=None):
        super().__init__(as_features(x), y, sample_weight)

    def with_features(self, features: Features) -> ArraySource:
        """The same examples with other features, `(n, ...)` for all rows of the array."""
        view = copy.copy(self)
        view.x = features
        return view


class FileSource(RowSource):
    """Images on the disk, more than fit in memory; their labels are known without a pass."""
