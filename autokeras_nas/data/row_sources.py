"""Sources whose examples can be read by row: arrays and tables in memory."""

from __future__ import annotations

from collections.abc import Iterator

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
from autokeras_nas.data.labels import plain_labels
from autokeras_nas.data.source import Batch, Source


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
