"""A source: labelled examples in a known number, readable in one way wherever they come from."""

from __future__ import annotations

import abc
from collections.abc import Iterator

import numpy as np

from autokeras_nas.data.features import Features

Batch = tuple[Features, np.ndarray, "np.ndarray | None"]


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

    def some(self, count: int, seed: int) -> Batch:
        """At most `count` examples: those that come first, unless any can be had."""
        return next(iter(self.batches(count)))
