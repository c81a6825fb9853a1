"""Layers that bring the raw columns of a table into form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="autokeras_nas")
class ColumnCurves(keras.layers.Layer):
    """Numbers through one continuous, piecewise linear curve for each column.

    With `z = (x - center) / scale`, knots `k_0 < ... < k_m` and values `v_0, ..., v_m`:

        y = v_0 + sum_i (v_i - v_{i-1}) * clip((z - k_{i-1}) / (k_i - k_{i-1}), 0, 1)

    A missing number (NaN) becomes 0. Behind the columns stand indicators, 1 where a number is
    missing.

    Args:
        centers: One number a column.
        scales: One positive number a column.
        knots: Ascending numbers for each column, one or more; of one, the column is constant.
        values: As many numbers for each column.
        indicators: Positions of the columns that get an indicator.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(
        self,
        centers: Sequence[float],
        scales: Sequence[float],
        knots: Sequence[Sequence[float]],
        values: Sequence[Sequence[float]],
        indicators: Sequence[int] = (),
        **kwargs,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.centers, self.scales = list(centers), list(scales)
        self.knots, self.values = list(map(list, knots)), list(map(list, values))
        self.indicators = list(indicators)
        # Shorter curves end in pieces without a rise.
        size = (len(self.knots), max(1, *(len(k) - 1 for k in self.knots)))
        self._starts, self._rises = np.zeros(size, "float32"), np.zeros(size, "float32")
        self._widths = np.ones(size, "float32")
        for row, (at, value) in enumerate(zip(self.knots, self.values, strict=True)):
            self._starts[row, : len(at) - 1] = at[:-1]
            self._widths[row, : len(at) - 1] = np.diff(np.asarray(at, "float32"))
            self._rises[row, : len(at) - 1] = np.diff(value)
        self._widths = np.maximum(self._widths, np.finfo("float32").tiny)
        self._firsts = np.array([value[0] for value in self.values], "float32")

    def call(self, inputs):
        """Float32 `(batch, columns + indicators)` of float32 `(batch, columns)`."""
        missing = ops.isnan(inputs)
        x = ops.where(missing, ops.zeros_like(inputs), inputs)
        # The difference first: large numbers close to each other stay apart.
        z = (x - np.array(self.centers, "float32")) / np.array(self.scales, "float32")
        pieces = ops.clip((z[..., None] - self._starts) / self._widths, 0.0, 1.0)
        y = self._firsts + ops.sum(pieces * self._rises, axis=-1)
        y = ops.where(missing, ops.zeros_like(y), y)
        if not self.indicators:
            return y
        told = ops.take(ops.cast(missing, "float32"), self.indicators, axis=1)
        return ops.concatenate([y, told], axis=1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + len(self.indicators))

    def get_config(self) -> dict[str, Any]:
        names = ("centers", "scales", "knots", "values", "indicators")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="autokeras_nas")
class NumberLookup(keras.layers.Layer):
    """Numbers as whole numbers from 1, by their place among known ones; others are 0.

    Args:
        positions: Of the columns to look up.
        levels: The known numbers of each.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, positions: Sequence[int], levels: Sequence[Sequence[float]], **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.positions, self.levels = list(positions), list(map(list, levels))
        # NaN equals nothing: it fills up shorter rows.
        self._levels = np.full((len(levels), max(map(len, levels))), np.nan, "float32")
        for row, known in enumerate(levels):
            self._levels[row, : len(known)] = known

    def call(self, inputs):
        """Float32 `(batch, positions)` of float32 `(batch, columns)`."""
        x = ops.take(inputs, self.positions, axis=1)
        found = ops.cast(ops.equal(x[..., None], self._levels), "float32")
        return ops.sum(found * np.arange(1.0, found.shape[-1] + 1, dtype="float32"), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.positions))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "positions": self.positions, "levels": self.levels}
